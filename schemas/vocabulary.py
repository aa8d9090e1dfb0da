"""The closed lists of the trade, as text enums; what each value means for the law stands in the rule packs."""

from enum import StrEnum


class Language(StrEnum):
    """BCP 47 tags of the two languages that every public text may have."""

    ZH_HANS = "zh-Hans"
    EN = "en"


class OrganisationKind(StrEnum):
    UNIVERSITY = "university"
    INSTITUTE = "institute"
    HOSPITAL = "hospital"
    NEW_RD_BODY = "new_rd_body"
    """新型研发机构: decides on its own results, outside the rules for public institutions."""
    COMPANY = "company"
    TTO = "tto"
    """技术转移机构, a technology-transfer office or agency."""
    OPERATOR = "operator"
    FUND = "fund"
    BANK = "bank"
    INSURER = "insurer"
    PARK = "park"
    FACILITY = "facility"
    ALLIANCE = "alliance"
    GOVERNMENT = "government"


class Founding(StrEnum):
    """Who founded it (设立性质); decides which floor and pricing rules bind (促进科技成果转化法 art. 18, 45)."""

    STATE_FOUNDED = "state_founded"
    STATE_OWNED = "state_owned"
    PRIVATE = "private"
    FOREIGN = "foreign"


class VerificationLevel(StrEnum):
    """L0 nothing checked; L1 identifier checked; L2 documents seen by the operator."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"


class Role(StrEnum):
    RESEARCHER = "researcher"
    TTO_OFFICER = "tto_officer"
    TTO_DIRECTOR = "tto_director"
    BUYER = "buyer"
    MANAGER = "manager"
    """技术经理人, technology manager."""
    REVIEWER = "reviewer"
    FINANCE = "finance"
    ADMIN = "admin"
    """Keeps the members and the public profile of an organisation; in one with a transfer office its director does too."""
    OPERATOR = "operator"
    AUDITOR = "auditor"


class ListingKind(StrEnum):
    RESULT = "result"
    """成果: a research result or patent."""
    PRODUCT = "product"
    """创新产品(服务): an innovation product or service."""
    OPPORTUNITY = "opportunity"
    """场景机会 or 技术需求: a scenario or a technology demand."""


class ListingStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    PAUSED = "paused"
    STALE = "stale"
    IN_ROUND = "in_round"
    """Offered in a trading round, its terms frozen."""
    UNDER_DEAL = "under_deal"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"
    EXPIRED = "expired"
    """An opportunity whose deadline for answers passed with nothing awarded."""


class Review(StrEnum):
    """Where the content stands that is not published yet; a published listing goes through it again to change."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    CLEAN = "clean"
    """Nothing waits: the content is what is published."""


class Mode(StrEnum):
    """Ways to transfer (转化方式)."""

    TRANSFER = "transfer"
    """转让"""
    EXCLUSIVE_LICENCE = "exclusive_licence"
    """独占许可: not even the licensor may use it."""
    SOLE_LICENCE = "sole_licence"
    """排他许可: the licensor may use it."""
    ORDINARY_LICENCE = "ordinary_licence"
    """普通许可"""
    OPEN_LICENCE = "open_licence"
    """专利开放许可"""
    EQUITY = "equity"
    """作价入股"""
    CO_DEVELOPMENT = "co_development"
    """合作实施"""
    OPTION = "option"
    TRIAL = "trial"
    """先使用后付费"""
    SALE = "sale"
    """Sale of a product or service."""


class PriceMode(StrEnum):
    FIXED = "fixed"
    RANGE = "range"
    BIDDING = "bidding"
    """A base price, then competitive bidding (挂牌, 网络竞价)."""
    ON_REQUEST = "on_request"
    """面议"""


class IPRightKind(StrEnum):
    INVENTION = "invention"
    UTILITY_MODEL = "utility_model"
    DESIGN = "design"
    SOFTWARE = "software"
    LAYOUT = "layout"
    PLANT_VARIETY = "plant_variety"
    KNOW_HOW = "know_how"


class IPRightStatus(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    GRANTED = "granted"
    LAPSED = "lapsed"
    EXPIRED = "expired"


class ExportClass(StrEnum):
    """Export control class of a technology (技术进出口管理条例 art. 29, 30, 36)."""

    FREE = "free"
    RESTRICTED = "restricted"
    PROHIBITED = "prohibited"
    UNDETERMINED = "undetermined"


class FirstUse(StrEnum):
    """First-use claims of an innovation product."""

    FIRST_SET = "first_set"
    """首台套"""
    FIRST_BATCH = "first_batch"
    """首批次"""
    FIRST_VERSION = "first_version"
    """首版次"""


class OpportunityType(StrEnum):
    SCENARIO = "scenario"
    """应用场景"""
    DEMAND = "demand"
    """技术需求"""


class IPTerms(StrEnum):
    """Who owns what comes out of an opportunity."""

    OWNER = "owner"
    SOLVER = "solver"
    SHARED = "shared"
    NEGOTIABLE = "negotiable"


class EditionKind(StrEnum):
    OPPORTUNITY_LIST = "opportunity_list"
    """场景机会清单"""
    PRODUCT_CATALOGUE = "product_catalogue"
    """创新产品目录"""


class EditionStatus(StrEnum):
    COMPILING = "compiling"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    CLOSED = "closed"
    OUTCOMES_REPORTED = "outcomes_reported"


class ItemOutcome(StrEnum):
    """What became of one item of an edition."""

    MATCHED = "matched"
    CONTRACTED = "contracted"
    IN_TRIAL = "in_trial"
    NO_RESPONSE = "no_response"
    WITHDRAWN = "withdrawn"
    ONGOING = "ongoing"


class InterestStatus(StrEnum):
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    DISCLOSED = "disclosed"
    """The owner has shown what is not public, under a confidentiality agreement."""
    NEGOTIATING = "negotiating"
    AGREED = "agreed"
    PASSED = "passed"
    DECLINED = "declined"


class PassReason(StrEnum):
    """Why a buyer does not go on."""

    TOO_EARLY = "too_early"
    NO_CLEAR_BENEFIT = "no_clear_benefit_over_existing"
    COMMERCIAL_ROUTE_UNCLEAR = "commercial_route_unclear"
    DESCRIPTION_UNCLEAR = "description_unclear"
    SCIENTIFIC_FEEDBACK = "scientific_feedback"
    NOT_OUR_FIELD = "not_our_field"
    ALREADY_HAVE_SOLUTION = "already_have_solution"
    TERMS_OR_IP_POSITION = "terms_or_ip_position"


class DeclineReason(StrEnum):
    """Why an owner does not go on with an interested party."""

    ALREADY_COMMITTED = "already_committed"
    PLAN_INSUFFICIENT = "plan_insufficient"
    CAPACITY_INSUFFICIENT = "capacity_insufficient"
    FIELD_NOT_OFFERED = "field_not_offered"
    TERMS_NOT_ACCEPTABLE = "terms_not_acceptable"
    COMPLIANCE = "compliance"
    NOT_AVAILABLE = "not_available"


class ManagerLevel(StrEnum):
    """技术经理人 level, 初级 / 中级 / 高级 (T/CASTEM 1007-2022)."""

    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    SENIOR = "senior"


class AssignmentStatus(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    """By the manager, until every side that they act for has consented."""
    ACTIVE = "active"
    INTRODUCING = "introducing"
    """The parties have been introduced to each other."""
    DECLINED = "declined"
    CLOSED = "closed"


class AssignmentSubject(StrEnum):
    """What a technology manager is asked to carry: a published listing, an interest in one, or a deal."""

    LISTING = "listing"
    INTEREST = "interest"
    DEAL = "deal"


class Represented(StrEnum):
    """For whom a technology manager acts: the listing's owner, the other party, or both (双方代理, 民法典 art. 168)."""

    OWNER = "owner"
    COUNTERPART = "counterpart"
    BOTH = "both"


class AssignmentOutcome(StrEnum):
    """How an assignment closed."""

    SUCCESS = "success"
    """Its deal was completed."""
    NO_DEAL = "no_deal"
    REPLACED = "replaced"
    """It was ended so that another manager could be asked."""


class DealStatus(StrEnum):
    PROPOSED = "proposed"
    GATING = "gating"
    CLEARED = "cleared"
    CONTRACTED = "contracted"
    SIGNED = "signed"
    """Both sides confirm the contract, and something has still to be registered before it takes effect."""
    PERFORMING = "performing"
    BREACHED = "breached"
    """One side was given notice of a breach, and has its time to cure it (技术合同司法解释 art. 15)."""
    COMPLETED = "completed"
    TERMINATED = "terminated"
    """解除, after signature."""
    CANCELLED = "cancelled"
    """Before signature."""


class WaitingFor(StrEnum):
    """Whose step a deal waits for."""

    ME = "me"
    """Whoever asks: for their organisation, or as its technology manager."""
    SELLER = "seller"
    BUYER = "buyer"
    MANAGER = "manager"


class ContractKind(StrEnum):
    """The five technology contracts (民法典 art. 843, 851, 863, 878, 887)."""

    DEVELOPMENT = "development"
    """技术开发"""
    TRANSFER = "transfer"
    """技术转让"""
    LICENCE = "licence"
    """技术许可"""
    CONSULTING = "consulting"
    """技术咨询"""
    SERVICE = "service"
    """技术服务"""


class LicenceKind(StrEnum):
    """独占 / 排他 / 普通; unspecified is ordinary (技术合同司法解释 art. 25)."""

    EXCLUSIVE = "exclusive"
    SOLE = "sole"
    ORDINARY = "ordinary"


class Party(StrEnum):
    """Who takes part in a deal."""

    SELLER = "seller"
    """卖方: supplies the technology and is paid."""
    BUYER = "buyer"
    """买方: takes the technology and pays."""
    MANAGER = "manager"
    """技术经理人 who carries the deal; agrees to nothing, but declares conflicts."""


class Matter(StrEnum):
    """What a side of a deal consents to."""

    TERMS = "terms"
    CONTRACT = "contract"
    COMPLETION = "completion"
    TERMINATION = "termination"


class Improvements(StrEnum):
    """Whose later improvements are; where it is not agreed, the other side has no share (民法典 art. 875)."""

    EACH_ITS_OWN = "each_its_own"
    SHARED = "shared"
    AS_WRITTEN = "as_written"


class RoyaltyBase(StrEnum):
    """What a royalty is a share of (民法典 art. 846)."""

    PRICE = "price"
    """产品价格"""
    OUTPUT = "output"
    """新增产值"""
    PROFIT = "profit"
    """利润"""
    SALES = "sales"
    """产品销售额"""


class RoyaltyPeriod(StrEnum):
    """How often a royalty is reported and paid."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class RoundKind(StrEnum):
    """How a round finds its price."""

    LISTED_SALE = "listed_sale"
    """挂牌 with 网络竞价: competitive online bidding, each bid higher than the one before."""
    AUCTION = "auction"
    """拍卖: the same, held by a licensed auction house under its auctioneer (拍卖法 art. 11, 14)."""
    SEALED_TENDER = "sealed_tender"
    """密封报价: one sealed bid each, opened together."""


class RoundStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    ANNOUNCED = "announced"
    """公告: anybody reads the rules, bidders register until the registration ends."""
    QUALIFYING = "qualifying"
    """Registration has ended; who has qualified when the bidding begins takes part."""
    BIDDING = "bidding"
    SUSPENDED = "suspended"
    OPENING = "opening"
    """Sealed bids wait for their opening officers."""
    SINGLE_BIDDER = "single_bidder"
    """One qualified bidder: an agreement instead of bidding (BD-1)."""
    FAILED_NO_BIDDER = "failed_no_bidder"
    NO_SALE = "no_sale"
    """流拍: nobody bid, or the reserve was not met."""
    PROVISIONAL_AWARD = "provisional_award"
    CONFIRMED = "confirmed"
    DEFAULTED = "defaulted"
    """悔拍: the winner did not confirm in time."""
    WITHDRAWN = "withdrawn"
    VOID = "void"


class RegistrationStatus(StrEnum):
    """Where a bidder's registration for a round stands (竞买登记)."""

    APPLIED = "applied"
    QUALIFIED = "qualified"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class AccountKind(StrEnum):
    """Whose money an account counts."""

    BANK = "bank"
    """What the platform's bank account holds in trust."""
    PARTY = "party"
    """What the platform owes an organisation."""
    ESCROW = "escrow"
    """What is held for a round (保证金)."""
    SELLER = "seller"
    """What a seller is owed out of forfeited or applied deposits."""
    COSTS = "costs"
    """Costs of a sale that a defaulter bears."""
    RECEIVABLE = "receivable"
    """What the buyer of a deal owes by its plan and has not paid (应收账款)."""
    RECEIVED = "received"
    """What was paid on a deal to the seller's own bank; the hall's bank holds none of it."""
    INCOME = "income"
    """What a deal has earned the seller, less the rewards paid out of it (净收入)."""
    REWARD = "reward"
    """What was paid to contributors out of a deal (奖励和报酬)."""


class TransferKind(StrEnum):
    POSTED = "posted"
    """Moves at once."""
    PENDING = "pending"
    """Reserves, until it is posted or voided."""
    POST = "post"
    VOID = "void"


class AwardStatus(StrEnum):
    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    DEFAULTED = "defaulted"
    VOID = "void"


class EntryKind(StrEnum):
    """What one line of a round's log says."""

    ADMITTED = "admitted"
    """Who takes part, when the bidding begins."""
    BID = "bid"
    SEALED_BID = "sealed_bid"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    OPENED = "opened"
    """The key of the sealed bids and what each of them says."""
    CLOSED = "closed"
    """What the round ended in, with the reserve price revealed."""
    CONFIRMED = "confirmed"
    DEFAULTED = "defaulted"
    WITHDRAWN = "withdrawn"
    VOID = "void"


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    LISTINGS = "listings"
    INTERESTS = "interests"
    DEALS = "deals"
    ROUNDS = "rounds"
    """Prepare rounds, register for them and bid; plan challenges and submit to them."""


class CompanySize(StrEnum):
    """微型 / 小型 / 中型 / 大型 (统计上大中小微型企业划分办法, 2017)."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class HowFound(StrEnum):
    """How an interested party came upon a listing (37 CFR 404.8 (f))."""

    SEARCH = "search"
    EDITION = "edition"
    TECHNOLOGY_MANAGER = "technology_manager"
    EVENT = "event"
    PUBLICATION = "publication"
    REFERRAL = "referral"
    OTHER = "other"


class ManagerObstacle(StrEnum):
    """Why a technology manager cannot carry something. What is about a party comes first."""

    PARTY = "party"
    """The manager's own organisation is one of the parties."""
    MEMBER_OF_PARTY = "member_of_party"
    """Member of it, or employed there, now."""
    FORMER_ORGANISATION = "former_organisation"
    """Employed by a party until a short while ago."""
    RELATED_ORGANISATION = "related_organisation"
    """An organisation of theirs controls a party, is controlled by one, or has the same controller (关联关系)."""
    PRIOR_DEAL = "prior_deal"
    """An organisation of theirs has lately come to an agreement with a party."""
    DECLARED_CONFLICT = "declared_conflict"
    """The manager has declined the same matter because of a conflict."""
    AUTHOR = "author"
    """The manager wrote in the listing or is named as a contributor."""
    NO_CREDENTIAL = "no_credential_in_force"
    UNVERIFIED = "credential_unverified"
    """The operator has verified none of the credentials that are in force."""
    UNAVAILABLE = "unavailable"
    AT_CAPACITY = "at_capacity"


class CircumventionStatus(StrEnum):
    """Of the claim of a manager whom introduced parties went around (绕开中介人, 民法典 art. 965)."""

    OPENED = "opened"
    ANSWERED = "answered"
    """By the parties, both of them or in the time that they had."""
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class RewardStatus(StrEnum):
    """Of the claim of a manager to the reward of a scheme for one deal."""

    ELIGIBLE = "eligible"
    """Nobody has claimed it yet."""
    CLAIMED = "claimed"
    CHECKED = "checked"
    APPROVED = "approved"
    RETURNED = "returned"
    """With a reason, to be claimed again."""
    PAID = "paid"


class RewardBasis(StrEnum):
    """Of which amount of a deal a reward is a share."""

    TOTAL_VALUE = "total_value"
    """成交额, as contracted."""
    TECHNICAL_VALUE = "technical_value"
    """技术交易额, as contracted."""
    PAID = "paid"
    """What has been paid."""


class PerformanceFact(StrEnum):
    """What makes a deal count for its managers."""

    SIGNED = "signed"
    REGISTERED = "registered"
    """技术合同认定登记."""
    PAID = "paid"


class ChallengeKind(StrEnum):
    """How a challenge finds who solves its problem."""

    OPEN_CHALLENGE = "open_challenge"
    """揭榜挂帅: whoever answers best is awarded and works to the end."""
    HORSE_RACE = "horse_race"
    """赛马: several are awarded and work side by side; at every stage gate fewer go on."""


class ChallengeStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    """发榜: anybody reads the rules, and the question period runs."""
    QUESTIONS_CLOSED = "questions_closed"
    SUBMISSIONS_OPEN = "submissions_open"
    """揭榜: sealed submissions are taken."""
    CLOSED = "closed"
    REVIEWING = "reviewing"
    SHORTLISTED = "shortlisted"
    AWARDED = "awarded"
    NO_AWARD = "no_award"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """The deadline passed and nothing had been submitted."""


class ReviewerStatus(StrEnum):
    """Where a member of a challenge's panel stands (评审专家)."""

    NAMED = "named"
    DECLARED = "declared"
    """Has declared to be without conflict of interest (回避声明)."""
    DROPPED = "dropped"


class TeamStatus(StrEnum):
    """What became of one submission after the award."""

    AWARDED = "awarded"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


class GateDecision(StrEnum):
    """What a stage gate decides of one team."""

    PASS = "pass"  # noqa: S105 - the word of the trade
    STOP = "stop"


class EncumbranceKind(StrEnum):
    """What another holds in a right (权利负担), and what its owner may therefore not do alone."""

    PLEDGE = "pledge"
    """质押: no transfer and no licence without the pledgee (民法典 art. 444)."""
    EXCLUSIVE_LICENCE = "exclusive_licence"
    """独占许可 in force."""
    SOLE_LICENCE = "sole_licence"
    """排他许可 in force."""
    FREEZE = "freeze"
    """冻结, 保全: by a court, until it is lifted."""
    CO_OWNERSHIP = "co_ownership"
    """共有: all but an ordinary licence needs every co-owner (专利法 art. 14)."""
    FIRST_REFUSAL = "first_refusal"
    """优先购买权 of somebody named (民法典 art. 847, 859, 860)."""
    FUNDER_CONSENT = "funder_consent"
    """The funder of the project has to agree."""


class PricingMethod(StrEnum):
    """定价方式 (促进科技成果转化法 art. 18)."""

    NEGOTIATED = "negotiated"
    """协议定价: the name and the price are published in the unit."""
    LISTED = "listed"
    """在技术交易市场挂牌交易"""
    AUCTION = "auction"
    """拍卖"""


class EvidenceKind(StrEnum):
    """What a document proves to a gate."""

    APPRAISAL = "appraisal"
    """资产评估报告"""
    APPRAISAL_DECISION = "appraisal_decision"
    """The unit's own decision to do without an appraisal, with its reason (财政部令第100号 art. 40)."""
    LEGAL_OPINION = "legal_opinion"
    CO_OWNER_CONSENT = "co_owner_consent"
    FIRST_REFUSAL_WAIVER = "first_refusal_waiver"
    """放弃优先受让权, or the proof that nobody answered an offer on these terms."""
    PLEDGEE_CONSENT = "pledgee_consent"
    FUNDER_APPROVAL = "funder_approval"
    EXPORT_DETERMINATION = "export_determination"
    """Which export class the technology is of, decided by a person."""
    EXPORT_LETTER_OF_INTENT = "export_letter_of_intent"
    """技术出口许可意向书"""
    IP_TRANSFER_REVIEW = "ip_transfer_review"
    """知识产权对外转让审查意见"""
    INTERNAL_DECISION = "internal_decision"
    """集体决策: the minutes of the body that decided."""
    AUTHORITY_TO_SIGN = "authority_to_sign"
    """法定代表人身份证明 or 授权委托书"""
    CONFIDENTIALITY_AGREEMENT = "confidentiality_agreement"
    TRANSFER_REGISTRATION = "transfer_registration"
    """专利权转移登记: a transfer takes effect with it (专利法 art. 10)."""
    EQUITY_REGISTRATION = "equity_registration"
    """出资登记, 变更登记: the technology is the company's."""
    EXPORT_LICENCE = "export_licence"
    """技术出口许可证: the contract takes effect on its day (技术进出口管理条例 art. 35)."""


class PackLevel(StrEnum):
    """Who made the rules of a pack: the hall for want of any, the state, a province, or the owner of a sector."""

    GENERIC = "generic"
    NATIONAL = "national"
    LOCAL = "local"
    SECTOR = "sector"


class RuleUnit(StrEnum):
    """What the value of a rule is counted in."""

    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YEARS = "years"
    PERCENT = "percent"
    CNY = "CNY"
    """Whole yuan."""
    FLAG = "flag"
    WORDS = "words"
    MONTH_DAY = "month_day"
    """A day of every year, as 03-30."""
    TEXT = "text"


class RuleMark(StrEnum):
    """Why a value is not confirmed."""

    SECONDARY = "S"
    """Known from a secondary source or a draft; the text itself was not read."""
    UNCONFIRMED = "U"
    OWN = "own"
    """Our own choice, where no rule was found; the unit may choose otherwise."""


class Effect(StrEnum):
    """What falling short of a value does: a mandatory floor blocks, a standard warns."""

    BLOCK = "block"
    WARN = "warn"


class NoticeKind(StrEnum):
    """What a publicity notice (公示) puts before the unit's people."""

    PRICE = "price"
    """协议定价公示: the result and its proposed price (促进科技成果转化法 art. 18)."""
    REWARD = "reward"
    """奖励分配公示: who is rewarded, leaders marked."""
    GRANT = "grant"
    """赋权公示: who is given the right, or a share in it."""
    RESULT = "result"
    """结果公示: how a sale or a selection ended."""


class NoticeStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    """The period runs and no objection is open."""
    OBJECTED = "objected"
    """An objection is open: what the notice is about is frozen."""
    UPHELD = "upheld"
    """异议成立: the subject is given up, or noticed anew."""
    AMENDED = "amended"
    """The next notice of the same subject took its place, with a full period of its own."""
    CLOSED_CLEAR = "closed_clear"
    """公示期满无异议"""
    LAPSED = "lapsed"
    """Nothing was signed on it in time."""
    SETTLED = "settled"
    """What it announced was signed."""
    VOID = "void"
    """Withdrawn, or no longer what is to be signed."""


class NoticeSubject(StrEnum):
    """What a notice is about; it is named by kind and id."""

    DEAL = "deal"
    ROUND = "round"
    CHALLENGE = "challenge"
    GRANT = "grant"
    DISTRIBUTION = "distribution"


class ChannelKind(StrEnum):
    """Where a notice is published."""

    UNIT = "unit"
    """本单位: the unit's own board or site."""
    MARKET = "market"
    """技术交易市场"""
    MEDIA = "media"


class ObjectionStatus(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    MOOT = "moot"
    """The notice ended before it was decided."""


class Signal(StrEnum):
    """A red flag of collusion between bidders; a code in brackets is that of the indicator in OCP's Cardinal."""

    SHARED_CONTROLLER = "shared_controller"
    SAME_PERSON = "same_person"
    SAME_PAYER = "same_payer"
    SAME_DOMAIN = "same_domain"
    SAME_ADDRESS = "same_address"
    LEFT_ALONE = "left_alone"
    IDENTICAL_AMOUNTS = "identical_amounts"
    """(R028)"""
    ALTERNATING = "alternating"
    ALWAYS_SECOND = "always_second"
    """(R025)"""
    SHIELDED = "shielded"
    """The second buys what the first one's default left."""


class SignalFinding(StrEnum):
    """What people made of a red flag."""

    EXPLAINED = "explained"
    SUSPICIOUS = "suspicious"


class SearchOrder(StrEnum):
    """How hits are ordered."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    CONFIRMED = "confirmed"
    """Latest confirmation first."""
    PRICE = "price"
    """As PRICE_ASC."""
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"


class DueKind(StrEnum):
    """Why something is due."""

    LUMP_SUM = "lump_sum"
    INSTALMENT = "instalment"
    ENTRY_FEE = "entry_fee"
    """入门费"""
    ROYALTY = "royalty"
    """提成"""
    AFTER_USE = "after_use"
    """先使用后付费, once its trigger was met."""
    EXTRA = "extra"
    """Paid beyond a fixed price, for the reason that the payment gives."""


class DueStanding(StrEnum):
    """What people have said of a due line; whether it is due or paid follows from dates and payments."""

    OPEN = "open"
    DISPUTED = "disputed"
    WRITTEN_OFF = "written_off"


class DueVerb(StrEnum):
    DISPUTE = "dispute"
    RESUME = "resume"
    WRITE_OFF = "write_off"


class DueStatus(StrEnum):
    PLANNED = "planned"
    DUE = "due"
    """Within thirty days, or today."""
    PAID = "paid"
    OVERDUE = "overdue"
    DISPUTED = "disputed"
    WRITTEN_OFF = "written_off"


class RoyaltyStatus(StrEnum):
    REPORTED = "reported"
    AUDITED = "audited"
    """The seller inspects the accounts (查阅会计账目)."""
    VERIFIED = "verified"
    ADJUSTED = "adjusted"
    """By what the audit found."""
    PAID = "paid"


class RevenueBasis(StrEnum):
    """Of what income a reward is a part; the floors differ."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    EQUITY = "equity"
    """作价投资: of the shares."""
    OWN_USE = "own_use"
    """自行实施: of the yearly operating profit."""
    SERVICE = "service"
    """技术开发, 咨询, 服务"""


class DeductionKind(StrEnum):
    """What is taken off the income to come to net income (净收入); which kinds, the rule packs say."""

    TAX = "tax"
    UPKEEP = "upkeep"
    """Fees that keep the right alive (维护费)."""
    APPRAISAL = "appraisal"
    CERTIFICATION = "certification"
    NEGOTIATION = "negotiation"
    OTHER_COST = "other_cost"
    STATE_RESEARCH_FUNDS = "state_research_funds"
    """财政科研经费, which is no cost."""


class RevenueStatus(StrEnum):
    """How far the distribution of an income has come (收益分配)."""

    OPENED = "opened"
    NET_CALCULATED = "net_calculated"
    PROPOSED = "proposed"
    DISPUTED = "disputed"
    """A contributor dissents."""
    SIGNED_OFF = "signed_off"
    PUBLICISED = "publicised"
    APPROVED = "approved"
    PAID = "paid"
    CLOSED = "closed"
    ADJUSTED = "adjusted"
    """Another case has taken its place."""
    CANCELLED = "cancelled"


class ContributorRole(StrEnum):
    """In which role somebody has a part in a reward."""

    MAIN = "main"
    """主要贡献人员"""
    OTHER = "other"
    TRANSFER_STAFF = "transfer_staff"
    """Staff and managers of technology transfer (转化服务人员)."""


class AdjustmentCause(StrEnum):
    LATER_PAYMENT = "later_payment"
    REFUND = "refund"
    AUDIT = "audit"


class DissentStatus(StrEnum):
    OPEN = "open"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"
    """By a new proposal."""
