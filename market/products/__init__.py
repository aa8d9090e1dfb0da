"""What is particular to innovation products and services (创新产品、服务)."""
