// Made by tools/types.mjs of `huiliu help --openapi`; `make made` writes it anew.

export type TextOfTwo = { en: string; zh: string }
export type ShopNamed = { id: Id; name: TextOrNull; platform: TextOrNull }
export type ShopNamedOrNull = ShopNamed | null
export type Setting = { name: string; label: TextOfTwo; required: boolean; secret: boolean; option: boolean; given?: boolean; value?: TextOrNull; words?: Array<string> }
export type ShopToken = { state: string; expires: TimeOrNull; authorise_again_before: TimeOrNull; error: TextOrNull; token_of: ShopNamedOrNull }
export type ShopRow = { id: Id; platform: string; name: string; external_id: string; state: "enabled" | "disabled" | "needs_person"; state_reason: TextOrNull; paused: boolean; since: TimeOrNull; zone: TextOrNull; person: TextOrNull; settlement_days: number | null; ads_of: ShopNamedOrNull; of_ads: boolean; proxy: boolean; created: Time; app: { id: Id; name: string } | null; token: ShopToken | null }
export type Shop = { id: Id; platform: string; name: string; external_id: string; state: "enabled" | "disabled" | "needs_person"; state_reason: TextOrNull; paused: boolean; since: TimeOrNull; zone: TextOrNull; person: TextOrNull; settlement_days: number | null; ads_of: ShopNamedOrNull; of_ads: boolean; proxy: boolean; created: Time; app: { id: Id; name: string } | null; token: ShopToken | null; settings?: Array<Setting>; error?: TextOrNull }
export type ShopList = { items: Array<ShopRow>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type App = { id: Id; platform: string; name: string; key: TextOrNull; created: Time; shops: number; token_state: TextOrNull; token_expires: TimeOrNull; token_error: TextOrNull }
export type AppList = { items: Array<App> }
export type PlatformList = { items: Array<{ platform: string; error: TextOrNull; zone?: string; grant?: "none" | "client_credential" | "auth_code" | "by_hand"; consent_without_shop?: boolean; streams?: Array<string>; budgets?: Array<{ name: string; each: "platform" | "app" | "shop"; calls: number; per_ms: number; burst: number }> }> }
export type PlatformTried = { tries: number; failed: number; failed_share: number | null; calls: number; pages: number; rejects: number }
export type PlatformWork = { items: Array<{ platform: string; shops_enabled: number; shops_disabled: number; shops_need_person: number; paused_since: TimeOrNull; everything_paused: boolean; hour: PlatformTried; day: PlatformTried; breakers: Array<{ name: string; shop: ShopNamedOrNull; since: Time; reason: string }> }>; as_of: Time }
export type PlatformNeeds = { platform: string; app: Array<Setting>; shop: Array<Setting> }
export type ConsentAddress = { url: string; expires: Time }
export type Consent = { authorised: unknown; platform: string; accounts: Array<{ external_id: string; title: string; shop: TextOrNull }>; left_without: Array<string> }
export type Held = { changed: boolean; paused?: boolean }
export type HoldList = { items: Array<{ scope: string; platform: TextOrNull; shop: ShopNamedOrNull; since: Time }> }
export type ScheduleList = { items: Array<{ shop: ShopNamedOrNull; name: string; spec: string; kind: string; next: Time; last: TimeOrNull; ticks: number }> }
export type SyncCounts = { tries: number; pages: number; calls: number; rows_new: number; rows_changed: number; rows_same: number; rows_older: number; rejects: number; windows_sealed: number; windows_unproved: number; windows_open: number; tasks_left: number; tasks_dead: number }
export type SyncWait = { what: "nobody_works" | "turn" | "time" | "paused"; until: TimeOrNull; text: TextOfTwo }
export type SyncTrouble = { kind: unknown; task: Id; task_kind: string; error: string; next: TextOfTwo } | { kind: unknown; stream: string; window: string; from: Time; to: Time; error: string; next: TextOfTwo } | { kind: unknown; code: string; error: string; next: TextOfTwo }
export type SyncShop = { shop: ShopNamedOrNull; streams: Array<string>; state: "waiting" | "running" | "done" | "unproved" | "failed" | "cancelled"; waits_for: SyncWait | null; percent: number | null; counts: SyncCounts; began: TimeOrNull; last: TimeOrNull; continued_by: TextOrNull; troubles: Array<SyncTrouble> }
export type Sync = { id: Id; mode: "incremental" | "range" | "full" | "order"; state: "waiting" | "running" | "done" | "unproved" | "failed" | "cancelled"; waits_for: SyncWait | null; percent: number | null; asked: Time; asked_by: string; wish: Record<string, unknown>; ended: TimeOrNull; cancelled: TimeOrNull; cancelled_by: TextOrNull; counts: SyncCounts; shops: Array<SyncShop> }
export type SyncRow = { id: Id; mode: "incremental" | "range" | "full" | "order"; state: "waiting" | "running" | "done" | "unproved" | "failed" | "cancelled"; waits_for: SyncWait | null; percent: number | null; asked: Time; asked_by: string; wish: Record<string, unknown>; ended: TimeOrNull; cancelled: TimeOrNull; cancelled_by: TextOrNull; counts: SyncCounts; shops_len: number }
export type SyncList = { items: Array<SyncRow>; next: TextOrNull; total: number | null; as_of: Time }
export type SyncAsked = { id: Id; joined: boolean; sync: Sync }
export type TaskRow = { id: Id; shop: ShopNamedOrNull; kind: string; state: "ready" | "running" | "dead"; class: "live" | "repair" | "backfill"; ready: Time; attempt: number; error: TextOrNull; run: TextOrNull; created: Time; changed: Time; stopping: boolean; payload: unknown; next?: TextOfTwo }
export type Task = { id: Id; shop: ShopNamedOrNull; kind: string; state: "ready" | "running" | "dead"; class: "live" | "repair" | "backfill"; ready: Time; attempt: number; error: TextOrNull; run: TextOrNull; created: Time; changed: Time; stopping: boolean; payload: unknown; unique_key: TextOrNull; worker: TextOrNull; units: number; tries: Array<{ started: Time; ended: TimeOrNull; result: TextOrNull; pages: number; calls: number; rejects: number; rows_new: number; rows_changed: number; rows_same: number; rows_older: number; error: TextOrNull }>; next?: TextOfTwo }
export type TaskList = { items: Array<TaskRow>; next: TextOrNull; total: number | null; as_of: Time }
export type TaskDepth = { classes: Array<{ class: "live" | "repair" | "backfill"; ready: number; waiting: number; running: number; dead: number; oldest: TimeOrNull }>; as_of: Time }
export type TaskRetried = { retried: unknown }
export type TaskCancelled = { gone: boolean; stopping: boolean }
export type Reject = { id: Id; shop: ShopNamedOrNull; stream: string; table: TextOrNull; key: TextOrNull; field: TextOrNull; code: string; reason: TextOrNull; times: number; seen: Time; replayable: boolean }
export type RejectList = { items: Array<Reject>; next: TextOrNull; total: number | null; as_of: Time }
export type RejectReplayed = { landed: boolean; code: TextOrNull; reason: TextOrNull }
export type Window = { kind: "audit" | "pull"; from: Time; to: Time; state: "open" | "sealed" | "moved" | "unproved" | "split"; grade: "A" | "B" | "C" | null; reason: TextOrNull; total_first: number | null; total_last: number | null; distinct_ids: number | null; rejects: number | null; stored: number | null; pages_read: number | null; opened: TimeOrNull; closed: TimeOrNull; again: TimeOrNull; tries: number; digest: TextOrNull }
export type Windows = { items: Array<Window>; next: TextOrNull; total: number | null; as_of: Time }
export type Coverage = { items: Array<{ shop: ShopNamed; stream: string; table: string; rows: number; grade: TextOrNull; complete_up_to: TimeOrNull; frontier: TimeOrNull; since: TimeOrNull; last_success: TimeOrNull; windows_sealed: number; windows_open: number; windows_unproved: number; rejects: number; decrypt_waiting: number; last_error: TextOrNull; text: TextOfTwo; unproved?: Array<{ kind: string; from: Time; to: Time; reason: TextOrNull; again: TimeOrNull; tries: number }> }>; as_of: Time }
export type Attention = { items: Array<{ kind: string; level: "error" | "warn"; shop: ShopNamedOrNull; stream: TextOrNull; task: TextOrNull; what: TextOrNull; at: TimeOrNull; next: TextOfTwo; number?: number }>; errors: number; warnings: number; as_of: Time }
export type Evidence = { windows: Array<Record<string, unknown>> }
export type Revealed = { order_id: string; shop: ShopNamed; phone?: TextOrNull; contact_name?: TextOrNull }
export type Found = { items: Array<{ shop: ShopNamed; order_id: string; status: string; created: TimeOrNull; phone: TextOrNull; contact_name: TextOrNull }> }
export type ImportFault = { sheet: string; row: number; column: string; code: string; message: string }
export type ImportRow = { import: Id; shop: Id; kind: string; file: string; digest: string; bytes: number; charset: string; who: string; state: string; created_at: Time; as_of: Time; finished_at: TimeOrNull; rows: number; errors: number; pages: number; pages_done: number; new: number; changed: number; same: number; older: number }
export type Import = { import: Id; shop: Id; kind: string; file: string; digest: string; bytes: number; charset: string; who: string; state: string; created_at: Time; as_of: Time; finished_at: TimeOrNull; rows: number; errors: number; pages: number; pages_done: number; new: number; changed: number; same: number; older: number; faults: Array<ImportFault> }
export type Imports = { items: Array<ImportRow>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type ImportTaken = { import?: Id; state: "waiting" | "preview"; digest: string; charset: string; rows: number; errors: number; new?: number; changed?: number; same?: number; older?: number; changes?: Array<{ sheet: string; row: number; key: string; outcome: "changed" | "older" }>; as_in_earlier_files?: number; imported_before?: Id; imported_before_at?: Time; faults: Array<ImportFault> }
export type ImportKinds = { items: Array<{ kind: string; zh: string; en: string; platforms: Array<string>; columns: Array<{ heading: string; required: boolean }> }> }
export type BudgetList = { items: Array<{ name: string; calls: number | null; per_ms: number | null; burst: number | null; set_by_person: boolean; rate_milli: number | null; rate_share: number | null; tokens_milli: number | null; blocked_until: TimeOrNull; taken: number | null; refused: number | null; told: TimeOrNull }> }
export type Execution = { id: Id; task: Id; shop: ShopNamedOrNull; kind: string; stream: TextOrNull; started: Time; ended: TimeOrNull; result: TextOrNull; pages: number; calls: number; rejects: number; rows_new: number; rows_changed: number; rows_same: number; rows_older: number; error: TextOrNull; run: TextOrNull }
export type ExecutionList = { items: Array<Execution>; next: TextOrNull; total: number | null; as_of: Time }
export type Original = { order_id: string; shop: ShopNamed; received: Time; record: unknown; came_by: { execution: Id; task: Id; kind: string; stream: TextOrNull; started: Time; ended: TimeOrNull; result: TextOrNull; run: TextOrNull } | null }
export type SessionList = { items: Array<{ id: string; created: Time; seen: Time; peer: TextOrNull; this: boolean }> }
export type SettingList = { items: Array<{ key: string; value: string; origin: string; restart: boolean; help: TextOfTwo }> }
export type Problem = { type: string; title: string; status: number; detail: string; code: string; request_id: string; parameter?: string }
export type Id = string
export type Time = string
export type TimeOrNull = Time | null
export type Day = string
export type TextOrNull = string | null
export type Money = { minor: number | null; currency: string | null; text: string }
export type MoneyOrNull = Money | null
export type OpenApi = Record<string, unknown>
export type Health = { status: unknown; version: string; now: Time }
export type Ready = { status: "ready" | "migrating" | "nobody_works"; migration: number; migration_newest: number; worker_heartbeat: TimeOrNull }
export type Begin = { users: boolean; me: Me | null }
export type Me = { id: Id; name: string; role: "viewer" | "operator" | "admin"; reveals: boolean; all_shops: boolean; shops: Array<{ id: Id; name: string; platform: string; zone: string; state: string }> }
export type Bearer = { token: string; type: unknown; expires_at: Time }
export type User = { id: Id; name: string; role: "viewer" | "operator" | "admin"; reveals: boolean; all_shops: boolean; shops: Array<Id>; disabled: boolean; has_password: boolean; created_at: Time; signed_in_at: TimeOrNull }
export type UserPage = { items: Array<User> }
export type TokenPage = { items: Array<{ id: Id; name: string; user_id: Id; user: string; created_at: Time; expires_at: TimeOrNull; used_at: TimeOrNull }> }
export type TokenMade = { id: Id; name: string; user_id: Id; token: string; expires_at: TimeOrNull }
export type AuditPage = { next: string | null; total: number | null; as_of: Time; items: Array<{ id: Id; at: Time; user_id: string | null; user: string; session: TextOrNull; peer: TextOrNull; action: string; subject: string; shop: string | null; before: Record<string, unknown> | Array<unknown> | null; after: Record<string, unknown> | Array<unknown> | null; request_id: TextOrNull; reason: TextOrNull }> }
export type AdFigures = { currency: string; orders: number | null; videos: number | null; budget: MoneyOrNull; cost: MoneyOrNull; plays: number | null; likes: number | null; comments: number | null; shares: number | null; follows: number | null; home_visits: number | null; conversions: number | null; shown: number | null; live_clicks: number | null; gift_users: number | null; gift_amount: MoneyOrNull; live_comments: number | null; live_follows: number | null; gifts: number | null; completion_5s: number | null; conversion_cost: MoneyOrNull; plays_per_100: number | null; like_rate: number | null; comment_rate: number | null; share_rate: number | null; follow_rate: number | null; shares_per_100: number | null; budget_used: number | null; told: number; provisional: number }
export type SalesFigures = { currency: string; orders: number | null; pieces: number | null; gmv: MoneyOrNull; refunds: MoneyOrNull; net: MoneyOrNull; received: MoneyOrNull; goods_cost: MoneyOrNull; freight: MoneyOrNull; commission: MoneyOrNull; profit_before_ads: MoneyOrNull; gmv_costed: MoneyOrNull; cost_unknown: number | null; ad_spend: MoneyOrNull; profit: MoneyOrNull; margin: number | null; average_order: MoneyOrNull; cancelled: number | null; shipped: number | null; late: number | null; delay_rate: number | null; roi: number | null }
export type Period = { from: Day | null; to: Day | null }
export type AdOrderRow = { shop: Id; order_id: TextOrNull; task_id: TextOrNull; item_id: TextOrNull; status: TextOrNull; title: TextOrNull; author_name: TextOrNull; author_id: TextOrNull; scene: TextOrNull; renew_count: number | null; delivery_hours: TextOrNull; created_at: Time; day: Day; ended_at: TimeOrNull; currency: string; told: boolean | null; final: boolean | null; figures_at: TimeOrNull; budget: MoneyOrNull; cost: MoneyOrNull; plays: number | null; likes: number | null; comments: number | null; shares: number | null; follows: number | null; home_visits: number | null; conversions: number | null; shown: number | null; live_clicks: number | null; gift_users: number | null; gift_amount: MoneyOrNull; live_comments: number | null; live_follows: number | null; gifts: number | null; completion_5s: number | null; conversion_cost: MoneyOrNull; plays_per_100: number | null; like_rate: number | null; comment_rate: number | null; share_rate: number | null; follow_rate: number | null; shares_per_100: number | null; budget_used: number | null }
export type AdOrderDay = { day: Day; cost: MoneyOrNull; plays: number | null; likes: number | null; comments: number | null; shares: number | null; follows: number | null; home_visits: number | null; conversions: number | null; shown: number | null; completion_5s: number | null; conversion_cost: MoneyOrNull; plays_per_100: number | null; like_rate: number | null; comment_rate: number | null; share_rate: number | null; follow_rate: number | null; shares_per_100: number | null }
export type AdOrderSnapshot = { at: Time; cost: MoneyOrNull; plays: number | null; likes: number | null; comments: number | null; shares: number | null; follows: number | null; home_visits: number | null; conversions: number | null; shown: number | null; completion_5s: number | null; conversion_cost: MoneyOrNull; plays_per_100: number | null; like_rate: number | null; comment_rate: number | null; share_rate: number | null; follow_rate: number | null; shares_per_100: number | null }
export type AdOrders = { items: Array<AdOrderRow>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type AdOrder = (AdOrderRow) & ({ history: Array<{ at: Time; status: string; seen_at: Time }>; days: Array<AdOrderDay>; snapshots: Array<AdOrderSnapshot>; as_of: TimeOrNull; zone: TextOrNull })
export type AdOrderSnapshots = { items: Array<AdOrderSnapshot>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type Videos = { items: Array<(AdFigures) & ({ item_id: Id; title?: TextOrNull; author_name?: TextOrNull; cover?: TextOrNull; newest_order_at?: Time; shop?: Id; shop_name?: TextOrNull })>; next: TextOrNull; total: number | null; basis: "created" | "spent"; period: Period; as_of: TimeOrNull; zone: TextOrNull }
export type Video = { item_id: Id; title?: TextOrNull; author_name?: TextOrNull; cover?: TextOrNull; newest_order_at?: Time; basis?: "created" | "spent"; period?: Period; shops: Array<(AdFigures) & ({ shop: Id; shop_name: TextOrNull })>; totals: Array<AdFigures>; as_of?: TimeOrNull; zone?: TextOrNull }
export type ShopStatistics = { items: Array<(AdFigures) & ({ shop: Id; shop_name: TextOrNull })>; next: TextOrNull; total: number | null; totals: Array<AdFigures>; basis: "created" | "spent"; period: Period; as_of: TimeOrNull; zone: TextOrNull }
export type ShopStatisticsOne = { shop: Id; shop_name: TextOrNull; basis: "created" | "spent"; period: Period; totals: Array<AdFigures>; as_of: TimeOrNull; zone: TextOrNull }
export type Dashboard = { basis: "created" | "spent"; period: Period; ads: Array<(AdFigures) & ({ before: AdFigures | null })>; sales: Array<(SalesFigures) & ({ before: SalesFigures | null })>; as_of: TimeOrNull; zone: TextOrNull }
export type Trends = { period: Period; basis: string; metric: string; items: Array<{ currency: string; days: Array<(AdFigures | SalesFigures) & ({ day: Day; average_7d: number | null | Money })>; growth: number | null }>; as_of: TimeOrNull; zone: TextOrNull }
export type Metrics = Record<string, Array<{ name: string; zh: string; en: string; unit: "count" | "money" | "share" | "number"; formula: "add" | "weigh" | "sum" | "divide" }>>
export type TradePart = { shop: Id; order_id: TextOrNull; parent_id: TextOrNull; status: TextOrNull; stage: TextOrNull; counts: boolean | null; created_at: Time; day: Day; paid_at: TimeOrNull; updated_at: TimeOrNull; ship_by_at: TimeOrNull; shipped_at: TimeOrNull; late: boolean | null; deliver_by_at: TimeOrNull; delivered_at: TimeOrNull; sku_id: TextOrNull; spu_id: TextOrNull; sku_code: TextOrNull; sku_name: TextOrNull; person: TextOrNull; package_id: TextOrNull; poi_id: TextOrNull; poi_name: TextOrNull; country: TextOrNull; region: TextOrNull; city: TextOrNull; phone: TextOrNull; contact_name: TextOrNull; currency: string; unit_price: MoneyOrNull; pay_amount: MoneyOrNull; unit_cost: MoneyOrNull; pieces: number | null; gmv: MoneyOrNull; refunds: MoneyOrNull; net: MoneyOrNull; received: MoneyOrNull; goods_cost: MoneyOrNull; freight: MoneyOrNull; commission: MoneyOrNull; profit_before_ads: MoneyOrNull }
export type TradeOrderRow = { shop: Id; order_id: TextOrNull; created_at: Time; day?: Day; currency?: string; parts: Array<TradePart>; together?: { pieces: number | null; gmv: MoneyOrNull; refunds: MoneyOrNull; net: MoneyOrNull; received: MoneyOrNull } | null }
export type TradeOrders = { items: Array<TradeOrderRow>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type TradeOrder = (TradeOrderRow) & ({ details: Array<{ order_id: Id; history: Array<{ at: Time; status: string; seen_at: Time }>; vouchers: Array<{ order_item_id: string; certificate_id: TextOrNull; status: TextOrNull; refund_amount: MoneyOrNull; refunded_at: TimeOrNull }> }>; as_of: TimeOrNull; zone: TextOrNull })
export type TradeParts = { items: Array<TradePart>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type Sales = { items: Array<(SalesFigures) & ({ day?: Day; week?: string; month?: string; from?: Day; to?: Day; shop?: Id; shop_name?: TextOrNull; sku_id?: TextOrNull; name?: TextOrNull; spu_id?: TextOrNull; person?: TextOrNull })>; next: TextOrNull; total: number | null; period: Period; by: string; totals: Array<SalesFigures>; as_of: TimeOrNull; zone: TextOrNull }
export type SalesHot = { period: Period; of: string; by: string; items: Array<(SalesFigures) & ({ day?: Day; week?: string; month?: string; from?: Day; to?: Day; shop?: Id; shop_name?: TextOrNull; sku_id?: TextOrNull; name?: TextOrNull; spu_id?: TextOrNull; person?: TextOrNull })>; next: TextOrNull; total: number | null; as_of: TimeOrNull; zone: TextOrNull }
export type StockPlan = { items: Array<{ sku_id: TextOrNull; name: TextOrNull; sold: number | null; daily_average: number | null; pieces: number | null; priority: "high" | "medium" | "low" }>; next: TextOrNull; total: number | null; period: Period; days: number; as_of: TimeOrNull; zone: TextOrNull }
export type DelayRate = { items: Array<{ shop: Id; shop_name: TextOrNull; shipped: number | null; late: number | null; delay_rate: number | null }>; next: TextOrNull; total: number | null; period: Period; all: { shipped: number | null; late: number | null; delay_rate: number | null }; as_of: TimeOrNull; zone: TextOrNull }
export type Report = { kind: "daily" | "weekly" | "monthly"; period: Period; sales: Array<SalesFigures>; sales_before: Array<SalesFigures>; ads: Array<AdFigures>; skus: Array<(SalesFigures) & ({ day?: Day; week?: string; month?: string; from?: Day; to?: Day; shop?: Id; shop_name?: TextOrNull; sku_id?: TextOrNull; name?: TextOrNull; spu_id?: TextOrNull; person?: TextOrNull })>; persons: Array<(SalesFigures) & ({ day?: Day; week?: string; month?: string; from?: Day; to?: Day; shop?: Id; shop_name?: TextOrNull; sku_id?: TextOrNull; name?: TextOrNull; spu_id?: TextOrNull; person?: TextOrNull })>; as_of: TimeOrNull; zone: TextOrNull }
export type View = { id: Id; list: string; name: string; own: boolean; default: boolean; public: boolean; changed_at: Time; view: { filters: Record<string, unknown>; sort: string; columns: Array<string>; widths: Record<string, unknown> } }
export type Views = { items: Array<View> }
export type Set = { set: number | boolean; orders?: number; known?: boolean; items?: Array<{ shop: Id; sku_id: string; from_day: Day; known: boolean }> }
export type Removed = { removed: number | boolean }
export type PersonSet = { person: TextOrNull }
export type TradeFigures = { currency: string; orders: number | null; pieces: number | null; gmv: MoneyOrNull; refunds: MoneyOrNull; net: MoneyOrNull; received: MoneyOrNull; goods_cost: MoneyOrNull; freight: MoneyOrNull; commission: MoneyOrNull; profit_before_ads: MoneyOrNull; gmv_costed: MoneyOrNull; cost_unknown: number | null; ad_spend: MoneyOrNull; profit: MoneyOrNull; margin: number | null; average_order: MoneyOrNull; cancelled: number | null; shipped: number | null; late: number | null; delay_rate: number | null; roi: number | null }
export type CostEntry = { from_day: Day; cost: MoneyOrNull; note: TextOrNull; who: string; changed_at: Time }
export type CostRow = (TradeFigures) & ({ shop: Id; shop_name: TextOrNull; sku_id: Id; name: TextOrNull; costs: Array<CostEntry> })
export type Costs = { items: Array<CostRow>; next: TextOrNull; total: number | null }
export type ExchangeRates = { items: Array<{ base: string; quote: string; day: Day; rate_billionths: number; source: TextOrNull; who: string; changed_at: Time }>; next: TextOrNull; total: number | null }
export type Persons = { items: Array<{ shop: Id; sku_id: Id; person: string; who: string; changed_at: Time }>; next: TextOrNull; total: number | null }
export type Profit = { by: "day" | "shop" | "sku" | "spu" | "person"; period: Period; totals?: Array<TradeFigures>; next?: TextOrNull; total?: number | null; as_of: TimeOrNull; zone: TextOrNull; items: Array<(TradeFigures) & ({ day?: Day; shop?: Id; shop_name?: TextOrNull; sku_id?: TextOrNull; name?: TextOrNull; spu_id?: TextOrNull; person?: TextOrNull })> }
export type ProfitOrders = { items: Array<{ shop: Id; order_id: Id; parent_id: Id; sku_id: TextOrNull; person: TextOrNull; day: Day; created_at: Time; currency: string; pieces: number | null; gmv: MoneyOrNull; received: MoneyOrNull; refunds: MoneyOrNull; unit_cost: MoneyOrNull; goods_cost: MoneyOrNull; freight: MoneyOrNull; commission: MoneyOrNull; profit_before_ads: MoneyOrNull }>; next: TextOrNull; total: number | null }
export type BillLines = { items: Array<{ shop: Id; bill: Id; line: number; content: string; nth: number; kind: TextOrNull; po_id: TextOrNull; order_id: TextOrNull; package_id: TextOrNull; billed_at: TimeOrNull; currency: string; sales: MoneyOrNull; sales_discounted: MoneyOrNull; reversal: MoneyOrNull; shipping: MoneyOrNull; shipping_discounted: MoneyOrNull; first_mile: MoneyOrNull; charged_weight: TextOrNull; last_mile: MoneyOrNull; deduction: MoneyOrNull }>; next: TextOrNull; total: number | null }
export type BillProfit = { items: Array<{ shop: Id; po_id: TextOrNull; currency: string; revenue: Money; orders: number; parcels: number; cost_unknown: number; goods_cost: MoneyOrNull; first_mile: Money; last_mile: Money; deduction: Money; cost: MoneyOrNull; profit: MoneyOrNull; rate: number | null }>; totals?: Array<{ currency: string; rows: number; unknown: number; revenue: Money; cost: Money; profit: Money; rate: number | null }>; next: TextOrNull; total: number | null }
export type ExpectedPayments = { items: Array<{ day: Day; shop: Id; shop_name: TextOrNull; currency: string; parts: number; unknown: number; amount: Money; collected: boolean }>; totals: Array<{ currency: string; parts: number; unknown: number; amount: Money; collected: Money; pending: Money }> }
export type Products = { items: Array<{ shop: Id; sku_id: Id; spu_id: TextOrNull; skc_id: TextOrNull; sku_code: TextOrNull; name: TextOrNull; currency: string; price: MoneyOrNull; category: TextOrNull; image: TextOrNull; listed_at: TimeOrNull; active: boolean | null; stock: number | null; person: TextOrNull }>; next: TextOrNull; total: number | null }

export interface Routes {
  '/health': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Health
    }
  }
  '/ready': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Ready
    }
  }
  '/openapi.json': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: OpenApi
    }
  }
  '/auth/sign-in': {
    post: {
      path: undefined
      query: undefined
      body: { name: string; password: string }
      answer: Me
    }
  }
  '/auth/sign-out': {
    post: {
      path: undefined
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/auth/begin': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Begin
    }
  }
  '/auth/me': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Me
    }
  }
  '/auth/token': {
    post: {
      path: undefined
      query: undefined
      body: { name?: string; password?: string; session?: boolean }
      answer: Bearer
    }
  }
  '/auth/password': {
    put: {
      path: undefined
      query: undefined
      body: { old: string; new: string }
      answer: undefined
    }
  }
  '/auth/sessions': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: SessionList
    }
  }
  '/auth/sessions/{id}': {
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/users': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: UserPage
    }
    post: {
      path: undefined
      query: undefined
      body: { name: string; password?: string; role: "viewer" | "operator" | "admin"; reveals?: boolean; all_shops?: boolean; shops?: Array<string> }
      answer: User
    }
  }
  '/users/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: User
    }
    patch: {
      path: { id: string }
      query: undefined
      body: { password?: string; role?: "viewer" | "operator" | "admin"; reveals?: boolean; all_shops?: boolean; shops?: Array<string>; disabled?: boolean }
      answer: User
    }
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/tokens': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: TokenPage
    }
    post: {
      path: undefined
      query: undefined
      body: { name: string; user_id: string; days?: number }
      answer: TokenMade
    }
  }
  '/tokens/{id}': {
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/audit': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; user_id?: string; action?: string; subject?: string; shop_id?: string; from?: string; to?: string }
      body: undefined
      answer: AuditPage
    }
  }
  '/ad-orders': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; status?: Array<string>; item_id?: Array<string>; author_id?: Array<string>; scene?: Array<string>; q?: string; from?: string; to?: string; told?: boolean; final?: boolean; currency?: string; budget_min?: string; budget_max?: string; cost_min?: string; cost_max?: string; plays_min?: number; plays_max?: number; likes_min?: number; likes_max?: number; comments_min?: number; comments_max?: number; shares_min?: number; shares_max?: number; follows_min?: number; follows_max?: number; conversions_min?: number; conversions_max?: number; conversion_cost_min?: string; conversion_cost_max?: string; plays_per_100_min?: string; plays_per_100_max?: string; share_rate_min?: string; share_rate_max?: string; completion_5s_min?: string; completion_5s_max?: string }
      body: undefined
      answer: AdOrders
    }
  }
  '/ad-orders/{order_id}': {
    get: {
      path: { order_id: string }
      query: { shop?: Array<string> }
      body: undefined
      answer: AdOrder
    }
  }
  '/ad-orders/{order_id}/snapshots': {
    get: {
      path: { order_id: string }
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string> }
      body: undefined
      answer: AdOrderSnapshots
    }
  }
  '/imports': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; kind?: Array<string>; state?: string }
      body: undefined
      answer: Imports
    }
    post: {
      path: undefined
      query: { shop: Array<string>; kind: string; name?: string; as_of?: string; confirm?: boolean; again?: boolean }
      body: undefined
      answer: ImportTaken
    }
  }
  '/imports/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Import
    }
  }
  '/import-kinds': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: ImportKinds
    }
  }
  '/videos': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent"; split?: "shop" }
      body: undefined
      answer: Videos
    }
  }
  '/videos/{item_id}': {
    get: {
      path: { item_id: string }
      query: { period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent" }
      body: undefined
      answer: Video
    }
  }
  '/shops/statistics': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent" }
      body: undefined
      answer: ShopStatistics
    }
  }
  '/shops/{shop}/statistics': {
    get: {
      path: { shop: string }
      query: { period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; basis?: "created" | "spent" }
      body: undefined
      answer: ShopStatisticsOne
    }
  }
  '/dashboard': {
    get: {
      path: undefined
      query: { period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent" }
      body: undefined
      answer: Dashboard
    }
  }
  '/trends': {
    get: {
      path: undefined
      query: { period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; of?: "ads" | "sales"; basis?: "created" | "spent"; metric?: string }
      body: undefined
      answer: Trends
    }
  }
  '/metrics': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Metrics
    }
  }
  '/trade-orders': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; status?: Array<string>; stage?: Array<string>; sku_id?: Array<string>; spu_id?: Array<string>; person?: Array<string>; counts?: boolean; late?: boolean; q?: string; from?: string; to?: string; currency?: string }
      body: undefined
      answer: TradeOrders
    }
  }
  '/trade-orders/{order_id}': {
    get: {
      path: { order_id: string }
      query: { shop?: Array<string> }
      body: undefined
      answer: TradeOrder
    }
  }
  '/trade-parts': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; status?: Array<string>; stage?: Array<string>; sku_id?: Array<string>; spu_id?: Array<string>; person?: Array<string>; counts?: boolean; late?: boolean; q?: string; from?: string; to?: string; currency?: string; gmv_min?: string; gmv_max?: string; profit_before_ads_min?: string; profit_before_ads_max?: string }
      body: undefined
      answer: TradeParts
    }
  }
  '/sales': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; by?: "day" | "week" | "month" | "shop" | "sku" | "spu" | "person" }
      body: undefined
      answer: Sales
    }
  }
  '/sales/hot': {
    get: {
      path: undefined
      query: { month?: string; shop?: Array<string>; of?: "person" | "sku" | "spu" | "shop"; by?: "pieces" | "orders" | "gmv"; limit?: number; cursor?: string }
      body: undefined
      answer: SalesHot
    }
  }
  '/stock-plan': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; past?: number; days?: number }
      body: undefined
      answer: StockPlan
    }
  }
  '/delay-rate': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string> }
      body: undefined
      answer: DelayRate
    }
  }
  '/reports/{kind}': {
    get: {
      path: { kind: "daily" | "weekly" | "monthly" }
      query: { date?: string; shop?: Array<string> }
      body: undefined
      answer: Report
    }
  }
  '/views': {
    get: {
      path: undefined
      query: { list?: "ad-orders" | "trade-orders" | "trade-parts" }
      body: undefined
      answer: Views
    }
    post: {
      path: undefined
      query: undefined
      body: { name: string; list: "ad-orders" | "trade-orders" | "trade-parts"; filters?: unknown; sort?: string; columns?: Array<string>; widths?: unknown; default?: boolean; public?: boolean }
      answer: View
    }
  }
  '/views/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: View
    }
    put: {
      path: { id: string }
      query: undefined
      body: { name: string; list: "ad-orders" | "trade-orders" | "trade-parts"; filters?: unknown; sort?: string; columns?: Array<string>; widths?: unknown; default?: boolean; public?: boolean }
      answer: View
    }
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/syncs': {
    post: {
      path: undefined
      query: undefined
      body: { mode?: "incremental" | "range" | "full" | "order"; shops?: Array<string>; streams?: Array<string>; from?: string; to?: string; by?: "created" | "updated"; ids?: Array<string> }
      answer: SyncAsked
    }
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; mode?: "incremental" | "range" | "full" | "order"; from?: string; to?: string; asked_by?: string }
      body: undefined
      answer: SyncList
    }
  }
  '/syncs/latest': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: Sync
    }
  }
  '/syncs/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Sync
    }
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Sync
    }
  }
  '/tasks': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; state?: "ready" | "running" | "dead"; kind?: string; run?: string }
      body: undefined
      answer: TaskList
    }
  }
  '/tasks/depth': {
    get: {
      path: undefined
      query: { shop?: Array<string> }
      body: undefined
      answer: TaskDepth
    }
  }
  '/tasks/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Task
    }
    delete: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: TaskCancelled
    }
  }
  '/tasks/{id}/retry': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: TaskRetried
    }
  }
  '/executions': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; task?: string; run?: string; kind?: string; stream?: string; result?: string; started_min?: string; started_max?: string }
      body: undefined
      answer: ExecutionList
    }
  }
  '/rejects': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; stream?: string; code?: string }
      body: undefined
      answer: RejectList
    }
  }
  '/rejects/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Reject
    }
  }
  '/rejects/{id}/replay': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: RejectReplayed
    }
  }
  '/holds': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: HoldList
    }
  }
  '/pause': {
    post: {
      path: undefined
      query: undefined
      body: { shop?: string; platform?: string; everything?: boolean }
      answer: Held
    }
  }
  '/resume': {
    post: {
      path: undefined
      query: undefined
      body: { shop?: string; platform?: string; everything?: boolean }
      answer: Held
    }
  }
  '/shops/{id}/pause': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Held
    }
  }
  '/shops/{id}/resume': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Held
    }
  }
  '/schedules': {
    get: {
      path: undefined
      query: { shop?: Array<string> }
      body: undefined
      answer: ScheduleList
    }
  }
  '/budgets': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: BudgetList
    }
  }
  '/coverage': {
    get: {
      path: undefined
      query: { shop?: Array<string> }
      body: undefined
      answer: Coverage
    }
  }
  '/shops/{id}/streams/{stream}/windows': {
    get: {
      path: { id: string; stream: string }
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; kind?: "audit" | "pull"; state?: "open" | "sealed" | "moved" | "unproved" | "split"; from?: string; to?: string }
      body: undefined
      answer: Windows
    }
  }
  '/shops/{id}/streams/{stream}/evidence': {
    get: {
      path: { id: string; stream: string }
      query: { from?: string; to?: string }
      body: undefined
      answer: Evidence
    }
  }
  '/shops': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; platform?: string; state?: "enabled" | "disabled" | "needs_person" }
      body: undefined
      answer: ShopList
    }
    post: {
      path: undefined
      query: undefined
      body: { platform: string; app?: string; name: string; external_id?: string; token?: string; zone?: string; since?: string; proxy?: string; person?: string; settlement_days?: number; settings?: unknown }
      answer: Shop
    }
  }
  '/shops/{id}': {
    get: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Shop
    }
    patch: {
      path: { id: string }
      query: undefined
      body: { name?: string; zone?: string; since?: string; proxy?: string; person?: string; settlement_days?: number; settings?: unknown }
      answer: Shop
    }
    delete: {
      path: { id: string }
      query: { with_rows?: boolean }
      body: undefined
      answer: Removed
    }
  }
  '/shops/{id}/enable': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Shop
    }
  }
  '/shops/{id}/disable': {
    post: {
      path: { id: string }
      query: undefined
      body: undefined
      answer: Shop
    }
  }
  '/apps': {
    post: {
      path: undefined
      query: undefined
      body: { platform: string; name: string; key?: string; secret?: string; settings?: unknown }
      answer: App
    }
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: AppList
    }
  }
  '/apps/{id}/credentials': {
    put: {
      path: { id: string }
      query: undefined
      body: { key?: string; secret?: string }
      answer: App
    }
  }
  '/platforms': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: PlatformList
    }
  }
  '/platforms/{platform}/needs': {
    get: {
      path: { platform: string }
      query: undefined
      body: undefined
      answer: PlatformNeeds
    }
  }
  '/platforms/work': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: PlatformWork
    }
  }
  '/settings': {
    get: {
      path: undefined
      query: undefined
      body: undefined
      answer: SettingList
    }
  }
  '/shops/authorize': {
    post: {
      path: undefined
      query: undefined
      body: { platform?: string; app?: string; shop?: string }
      answer: ConsentAddress
    }
  }
  '/oauth/callback': {
    get: {
      path: undefined
      query: { state?: string; code?: string; auth_code?: string; error?: string; error_description?: string }
      body: undefined
      answer: Consent
    }
  }
  '/events': {
    get: {
      path: undefined
      query: { shop?: string; level?: "debug" | "info" | "warn" | "error"; recent?: number }
      body: undefined
      answer: undefined
    }
  }
  '/attention': {
    get: {
      path: undefined
      query: { shop?: Array<string> }
      body: undefined
      answer: Attention
    }
  }
  '/trade-orders/{order_id}/reveal': {
    post: {
      path: { order_id: string }
      query: undefined
      body: { shop?: string; fields: Array<"phone" | "contact_name">; reason: string }
      answer: Revealed
    }
  }
  '/trade-orders/find-person': {
    post: {
      path: undefined
      query: undefined
      body: { shop?: string; phone?: string; contact_name?: string; reason: string }
      answer: Found
    }
  }
  '/trade-orders/{order_id}/original': {
    post: {
      path: { order_id: string }
      query: undefined
      body: { shop?: string; reason: string }
      answer: Original
    }
  }
  '/ad-orders/{order_id}/original': {
    post: {
      path: { order_id: string }
      query: undefined
      body: { shop?: string; reason: string }
      answer: Original
    }
  }
  '/hooks/{platform}/{owner}': {
    post: {
      path: { platform: string; owner: string }
      query: undefined
      body: undefined
      answer: undefined
    }
  }
  '/costs': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string> }
      body: undefined
      answer: Costs
    }
    post: {
      path: undefined
      query: undefined
      body: { items: unknown }
      answer: Set
    }
  }
  '/costs/{shop}/{sku_id}/{from_day}': {
    put: {
      path: { shop: string; sku_id: string; from_day: string }
      query: undefined
      body: { cost?: string; currency?: string; note?: string }
      answer: Set
    }
    delete: {
      path: { shop: string; sku_id: string; from_day: string }
      query: undefined
      body: undefined
      answer: Removed
    }
  }
  '/exchange-rates': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; base?: string; quote?: string }
      body: undefined
      answer: ExchangeRates
    }
  }
  '/exchange-rates/{base}/{quote}/{day}': {
    put: {
      path: { base: string; quote: string; day: string }
      query: undefined
      body: { rate: string; source?: string }
      answer: Set
    }
    delete: {
      path: { base: string; quote: string; day: string }
      query: undefined
      body: undefined
      answer: Removed
    }
  }
  '/persons': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; person?: Array<string>; sku_id?: Array<string> }
      body: undefined
      answer: Persons
    }
  }
  '/persons/{shop}/{sku_id}': {
    put: {
      path: { shop: string; sku_id: string }
      query: undefined
      body: { person: string }
      answer: PersonSet
    }
  }
  '/profit': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; by?: "day" | "shop" | "sku" | "spu" | "person" }
      body: undefined
      answer: Profit
    }
  }
  '/profit/orders': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; sku_id?: Array<string>; person?: Array<string>; from?: string; to?: string }
      body: undefined
      answer: ProfitOrders
    }
  }
  '/shops/{shop}/ads-of': {
    put: {
      path: { shop: string }
      query: undefined
      body: { store?: string }
      answer: Set
    }
  }
  '/bills/lines': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; bill?: Array<string>; kind?: Array<string>; po_id?: Array<string>; order_id?: Array<string> }
      body: undefined
      answer: BillLines
    }
  }
  '/bills/profit': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; by?: "po"; po_id?: Array<string>; totals?: boolean }
      body: undefined
      answer: BillProfit
    }
  }
  '/expected-payments': {
    get: {
      path: undefined
      query: { shop?: Array<string>; from?: string; to?: string }
      body: undefined
      answer: ExpectedPayments
    }
  }
  '/products': {
    get: {
      path: undefined
      query: { limit?: number; cursor?: string; page?: number; total?: boolean; sort?: string; shop?: Array<string>; q?: string; spu_id?: Array<string>; category?: Array<string>; person?: Array<string>; active?: boolean }
      body: undefined
      answer: Products
    }
  }
  '/ad-orders/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; status?: Array<string>; item_id?: Array<string>; author_id?: Array<string>; scene?: Array<string>; q?: string; from?: string; to?: string; told?: boolean; final?: boolean; currency?: string; budget_min?: string; budget_max?: string; cost_min?: string; cost_max?: string; plays_min?: number; plays_max?: number; likes_min?: number; likes_max?: number; comments_min?: number; comments_max?: number; shares_min?: number; shares_max?: number; follows_min?: number; follows_max?: number; conversions_min?: number; conversions_max?: number; conversion_cost_min?: string; conversion_cost_max?: string; plays_per_100_min?: string; plays_per_100_max?: string; share_rate_min?: string; share_rate_max?: string; completion_5s_min?: string; completion_5s_max?: string }
      body: undefined
      answer: undefined
    }
  }
  '/ad-orders/{order_id}/snapshots/export': {
    get: {
      path: { order_id: string }
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/videos/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent"; split?: "shop" }
      body: undefined
      answer: undefined
    }
  }
  '/shops/statistics/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; basis?: "created" | "spent" }
      body: undefined
      answer: undefined
    }
  }
  '/trends/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; of?: "ads" | "sales"; basis?: "created" | "spent"; metric?: string }
      body: undefined
      answer: undefined
    }
  }
  '/trade-orders/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; status?: Array<string>; stage?: Array<string>; sku_id?: Array<string>; spu_id?: Array<string>; person?: Array<string>; counts?: boolean; late?: boolean; q?: string; from?: string; to?: string; currency?: string }
      body: undefined
      answer: undefined
    }
  }
  '/trade-parts/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; status?: Array<string>; stage?: Array<string>; sku_id?: Array<string>; spu_id?: Array<string>; person?: Array<string>; counts?: boolean; late?: boolean; q?: string; from?: string; to?: string; currency?: string; gmv_min?: string; gmv_max?: string; profit_before_ads_min?: string; profit_before_ads_max?: string }
      body: undefined
      answer: undefined
    }
  }
  '/sales/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; by?: "day" | "week" | "month" | "shop" | "sku" | "spu" | "person" }
      body: undefined
      answer: undefined
    }
  }
  '/sales/hot/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; month?: string; shop?: Array<string>; of?: "person" | "sku" | "spu" | "shop"; by?: "pieces" | "orders" | "gmv" }
      body: undefined
      answer: undefined
    }
  }
  '/stock-plan/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; past?: number; days?: number }
      body: undefined
      answer: undefined
    }
  }
  '/delay-rate/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/expected-payments/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; shop?: Array<string>; from?: string; to?: string }
      body: undefined
      answer: undefined
    }
  }
  '/reports/{kind}/export': {
    get: {
      path: { kind: "daily" | "weekly" | "monthly" }
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; date?: string; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/costs/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/exchange-rates/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; base?: string; quote?: string }
      body: undefined
      answer: undefined
    }
  }
  '/persons/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; person?: Array<string>; sku_id?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/profit/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; period?: "today" | "7d" | "30d" | "all"; from?: string; to?: string; shop?: Array<string>; by?: "day" | "shop" | "sku" | "spu" | "person" }
      body: undefined
      answer: undefined
    }
  }
  '/profit/orders/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; sku_id?: Array<string>; person?: Array<string>; from?: string; to?: string }
      body: undefined
      answer: undefined
    }
  }
  '/bills/lines/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; bill?: Array<string>; kind?: Array<string>; po_id?: Array<string>; order_id?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/bills/profit/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; by?: "po"; po_id?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/products/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; q?: string; spu_id?: Array<string>; category?: Array<string>; person?: Array<string>; active?: boolean }
      body: undefined
      answer: undefined
    }
  }
  '/imports/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; sheet?: string; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; kind?: Array<string>; state?: string }
      body: undefined
      answer: undefined
    }
  }
  '/syncs/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; mode?: "incremental" | "range" | "full" | "order"; from?: string; to?: string; asked_by?: string }
      body: undefined
      answer: undefined
    }
  }
  '/tasks/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; state?: "ready" | "running" | "dead"; kind?: string; run?: string }
      body: undefined
      answer: undefined
    }
  }
  '/executions/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; task?: string; run?: string; kind?: string; stream?: string; result?: string; started_min?: string; started_max?: string }
      body: undefined
      answer: undefined
    }
  }
  '/rejects/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; stream?: string; code?: string }
      body: undefined
      answer: undefined
    }
  }
  '/coverage/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/shops/{id}/streams/{stream}/windows/export': {
    get: {
      path: { id: string; stream: string }
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; kind?: "audit" | "pull"; state?: "open" | "sealed" | "moved" | "unproved" | "split"; from?: string; to?: string }
      body: undefined
      answer: undefined
    }
  }
  '/attention/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/holds/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/schedules/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; shop?: Array<string> }
      body: undefined
      answer: undefined
    }
  }
  '/budgets/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/settings/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/shops/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; shop?: Array<string>; platform?: string; state?: "enabled" | "disabled" | "needs_person" }
      body: undefined
      answer: undefined
    }
  }
  '/apps/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/users/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/tokens/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en" }
      body: undefined
      answer: undefined
    }
  }
  '/audit/export': {
    get: {
      path: undefined
      query: { format?: "xlsx" | "csv" | "ndjson"; columns?: Array<string>; lang?: "zh" | "en"; sort?: string; user_id?: string; action?: string; subject?: string; shop_id?: string; from?: string; to?: string }
      body: undefined
      answer: undefined
    }
  }
}
