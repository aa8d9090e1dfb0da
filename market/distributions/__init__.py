"""What a deal earns and who is rewarded out of it: due lines, royalties, net income, shares (收益分配)."""
