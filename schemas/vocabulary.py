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
    ACTIVE = "active"
    DECLINED = "declined"
    CLOSED = "closed"


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
    PERFORMING = "performing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


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
    """Why a technology manager cannot carry a given interest."""

    PARTY = "party"
    """The manager's own organisation is one of the two parties."""
    MEMBER_OF_PARTY = "member_of_party"
    AUTHOR = "author"
    """The manager wrote in the listing or is named as a contributor."""
    NO_CREDENTIAL = "no_credential_in_force"
    UNAVAILABLE = "unavailable"
    AT_CAPACITY = "at_capacity"


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
