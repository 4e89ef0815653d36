package doctor

// An Assumption is something about the platform that nobody has confirmed. docs/doctor.md lists all of them, from here, and
// the doctor asks the platform about each.
type Assumption struct {
	Name    string // of the check that asks, too
	Text    string // in Markdown, as is all that follows
	Chinese string
	// Otherwise says what follows if it does not hold, and what the SDK offers then.
	Otherwise        string
	OtherwiseChinese string
}

// Assumptions are all that the SDK assumes of the platform, in the order in which the doctor asks.
var Assumptions = []Assumption{
	{
		Name:    "https",
		Text:    "It speaks https, with TLS 1.2 or later and a certificate that your machine trusts.",
		Chinese: "平台使用 https，TLS 版本不低于 1.2，证书受你的机器信任。",
		Otherwise: "Of an authority that your machine does not know: add it to `RootCAs` of a `DefaultTransport` for `WithHTTPClient`, " +
			"and try it here with `-ca FILE`. Plain http: give `WithBaseURL` the `http://` address, and know that passwords travel in the clear. " +
			"Anything else is for the platform's operators to mend, or for those of what stands between.",
		OtherwiseChinese: "如果是机器不认识的证书颁发机构：把它加入 `DefaultTransport` 的 `RootCAs`，交给 `WithHTTPClient`；在这里可用 `-ca FILE` 先试。" +
			"如果平台只提供明文 http：用 `WithBaseURL` 传入 `http://` 地址，但要清楚密码会以明文传输。其余情形只能由平台或中间设备的运维人员修复。",
	},
	{
		Name:    "no_redirects",
		Text:    "It answers at the base URL itself, and redirects nowhere.",
		Chinese: "平台直接在 base URL 上应答，不重定向到别处。",
		Otherwise: "The SDK follows no redirect, because a phone number would go along. If the address that it leads to is the platform's, " +
			"give that to `WithBaseURL`.",
		OtherwiseChinese: "SDK 不跟随重定向，否则手机号会被一并带走。如果重定向指向的地址确属平台，请把它交给 `WithBaseURL`。",
	},
	{
		Name:             "clock",
		Text:             "Its clock and your machine's agree to within a minute.",
		Chinese:          "平台的时钟与你的机器相差不超过一分钟。",
		Otherwise:        "Nothing breaks: the SDK reads when a token ends by the platform's clock. A signature that holds the time would be refused: set the machine's clock by NTP.",
		OtherwiseChinese: "SDK 不受影响：token 何时到期按平台的时钟计算。但含时间的签名会被拒绝：请用 NTP 校准机器的时钟。",
	},
	{
		Name:    "keep_alive",
		Text:    "It keeps a connection for further requests; an idle one for at least 30 seconds.",
		Chinese: "平台保持连接供后续请求使用；空闲连接至少保留 30 秒。",
		Otherwise: "Nothing breaks, but calls pay for new connections, and one that is closed while a request is on its way ends in an unknown outcome. " +
			"Give `WithHTTPClient` a `DefaultTransport` whose `IdleConnTimeout` is shorter than the platform's.",
		OtherwiseChinese: "SDK 仍能工作，但调用要付出新建连接的代价；如果连接恰在请求途中被关闭，这次调用的结果就是未知。" +
			"请给 `WithHTTPClient` 一个 `DefaultTransport`，让其 `IdleConnTimeout` 短于平台的。",
	},
	{
		Name:             "paths",
		Text:             "The operations are at their published paths, below the base URL.",
		Chinese:          "各接口位于 base URL 之下文档所列的路径。",
		Otherwise:        "Ask the platform for the address. If something stands before the paths, such as `/gateway`, give it to `WithBaseURL`, which keeps a path.",
		OtherwiseChinese: "请向平台询问地址。如果路径前还有前缀（例如 `/gateway`），把它写进 `WithBaseURL`：路径会被保留。",
	},
	{
		Name:    "no_signature",
		Text:    "It asks for no signature, app id or login beside an operation's own parameters.",
		Chinese: "除接口自身的参数外，平台不要求签名、appId 或登录。",
		Otherwise: "Sign with a `RoundTripper` in `WithWrapper`, behind which all promises hold: docs/doctor.md has a worked example. " +
			"Tell us what the platform wants signed.",
		OtherwiseChinese: "用 `WithWrapper` 加入一个负责签名的 `RoundTripper`，所有保证依然成立；完整示例见 docs/doctor.zh-CN.md。请告诉我们平台要求对什么签名。",
	},
	{
		Name:    "envelope",
		Text:    "Every answer of an operation is an envelope, with `code` and `msg` as strings and no `data` in a failure.",
		Chinese: "接口的每个应答都是统一的响应结构，`code` 与 `msg` 是字符串，失败时没有 `data`。",
		Otherwise: "The SDK reads a `code` that is a number, and passes by what it does not know. Anything else is a `*ResponseError`, with an unknown outcome: " +
			"tell us what the doctor found.",
		OtherwiseChinese: "SDK 能读取数字形式的 `code`，也会忽略不认识的字段。除此之外都是 `*ResponseError`，结果未知：请把 doctor 的发现告诉我们。",
	},
	{
		Name:             "request_ids",
		Text:             "Each answer has a `request_id` of its own, a string of at most 64 characters.",
		Chinese:          "每个应答都有各自的 `request_id`，为不超过 64 个字符的字符串。",
		Otherwise:        "Nothing breaks, but the platform's support cannot find a request by its id: log when each call was made.",
		OtherwiseChinese: "SDK 不受影响，但平台的技术支持无法凭 id 找到请求：请自行记录每次调用的时间。",
	},
	{
		Name:    "failures_at_200",
		Text:    "A failure comes with HTTP status 200, and with its code in the envelope.",
		Chinese: "失败时 HTTP 状态码为 200，失败 code 在响应结构中。",
		Otherwise: "Nothing to do: the SDK reads failures at any HTTP status. Have your sandbox answer likewise: `sandbox.WithHTTPStatus()`, or " +
			"`openplatform sandbox -http-status`.",
		OtherwiseChinese: "无需处理：SDK 在任何 HTTP 状态码下都能读取失败。请让你的沙箱也这样应答：`sandbox.WithHTTPStatus()` 或 `openplatform sandbox -http-status`。",
	},
	{
		Name:    "content_type",
		Text:    "An answer is `application/json` in UTF-8, compressed with gzip or not at all.",
		Chinese: "应答为 UTF-8 编码的 `application/json`，不压缩或用 gzip 压缩。",
		Otherwise: "Another media type does no harm: the SDK reads the body whatever it is called. What is not UTF-8, or is compressed in another way, it refuses: " +
			"tell us.",
		OtherwiseChinese: "其他媒体类型无妨：SDK 不看名称，只读内容。但不是 UTF-8 或以其他方式压缩的应答会被拒绝：请告诉我们。",
	},
	{
		Name:    "empty_object",
		Text:    "It takes `{}` as the body of an operation that has no parameters.",
		Chinese: "没有参数的接口接受 `{}` 作为请求体。",
		Otherwise: "GetImgCode fails. Tell us. Until then fetch pictures with a client of their own, whose `RoundTripper` in `WithHTTPClient` sends an empty body: " +
			"docs/doctor.md has it.",
		OtherwiseChinese: "GetImgCode 会失败。请告诉我们。在此之前，可以用一个专门取图的 client，由其 `WithHTTPClient` 中的 `RoundTripper` 发送空请求体：" +
			"代码见 docs/doctor.zh-CN.md。",
	},
	{
		Name:             "picture",
		Text:             "A picture is a JPEG, in a base64 data URL.",
		Chinese:          "图形验证码是 base64 data URL 形式的 JPEG。",
		Otherwise:        "`ImgCode.Img` holds what came, whole. `ImgCode.Picture` decodes a picture of any type, but nothing that is not a base64 data URL: decode it yourself, and tell us.",
		OtherwiseChinese: "`ImgCode.Img` 保存平台返回的完整内容。`ImgCode.Picture` 能解码任何类型的图片，但只认 base64 data URL：其他形式请自行解码，并告诉我们。",
	},
	{
		Name:    "json_body",
		Text:    "It reads parameters from a JSON body, sent with `Content-Type: application/json`.",
		Chinese: "平台从 `Content-Type: application/json` 的 JSON 请求体中读取参数。",
		Otherwise: "No POST operation with parameters works. Tell us: the SDK sends nothing but JSON, and to send something else from a `RoundTripper` in " +
			"`WithHTTPClient` costs promises (docs/doctor.md).",
		OtherwiseChinese: "所有带参数的 POST 接口都无法使用。请告诉我们：SDK 只发送 JSON，而在 `WithHTTPClient` 的 `RoundTripper` 里改发别的内容会失去部分保证（见 docs/doctor.zh-CN.md）。",
	},
	{
		Name:    "documented_codes",
		Text:    "The single sign-on operations fail with the codes that their pages list.",
		Chinese: "单点登录接口的失败 code 与其文档所列一致。",
		Otherwise: "`ErrInvalidToken` and its like do not match, and `AccessTokenSource` does not notice a token that was rejected: compare " +
			"`APIError.Code` with what came, and tell us.",
		OtherwiseChinese: "`ErrInvalidToken` 等无法匹配，`AccessTokenSource` 也察觉不到 token 已被拒绝：请把 `APIError.Code` 与实际返回的值比较，并告诉我们。",
	},
	{
		Name:             "unknown_paths",
		Text:             "A path that it does not know is answered with code 404001, in an envelope.",
		Chinese:          "未知路径的应答是响应结构，code 为 404001。",
		Otherwise:        "Nothing breaks. A base URL that is wrong shows as a `*ResponseError`, not as `ErrUnknownAPI`.",
		OtherwiseChinese: "SDK 不受影响。base URL 写错时得到的是 `*ResponseError`，而不是 `ErrUnknownAPI`。",
	},
	{
		Name:    "once",
		Text:    "What stands between you and the platform sends each request on once, and answers none from a store.",
		Chinese: "你与平台之间的设备对每个请求只转发一次，也不用缓存应答。",
		Otherwise: "Have those who run it switch that off for these paths (nginx: `proxy_cache off; proxy_next_upstream off;`). " +
			"The SDK sends what changes something once, and can do nothing about a gateway that repeats it.",
		OtherwiseChinese: "请其运维人员对这些路径关闭该功能（nginx：`proxy_cache off; proxy_next_upstream off;`）。SDK 对会产生影响的请求只发送一次，但对重发它的网关无能为力。",
	},
	{
		Name:    "account_codes",
		Text:    "The account operations, whose pages list no codes, refuse with a code of a 4xx class.",
		Chinese: "账号类接口的文档没有列出失败 code；拒绝时返回 4xx 类的 code。",
		Otherwise: "`OutcomeOf` says unknown where the platform said no, and a person is told to wait in vain: compare `APIError.Code` with what came, " +
			"and tell us.",
		OtherwiseChinese: "平台明明已拒绝，`OutcomeOf` 却只能给出“未知”，用户会白白等待：请把 `APIError.Code` 与实际返回的值比较，并告诉我们。",
	},
	{
		Name:             "expired_times",
		Text:             "`expired` is China Standard Time, and an access token ends within two hours.",
		Chinese:          "`expired` 是北京时间，AccessToken 的有效期不超过两小时。",
		Otherwise:        "`AccessTokenSource` does not believe a time that makes no sense, and works. `Expired` of results is off: do not read it.",
		OtherwiseChinese: "`AccessTokenSource` 不采信不合理的时间，仍能工作。结果中的 `Expired` 是错的：请不要使用。",
	},
	{
		Name:    "tokens_coexist",
		Text:    "A new access token leaves those before it valid.",
		Chinese: "签发新的 AccessToken 后，之前的仍然有效。",
		Otherwise: "Machines of one business system end each other's tokens, and each fetches another after `ErrInvalidAccessToken`: share one with " +
			"`WithTokenStore`.",
		OtherwiseChinese: "同一业务系统的多台机器会使彼此的 token 失效，并在 `ErrInvalidAccessToken` 之后各自重新获取：请用 `WithTokenStore` 共用一个。",
	},
}

// assumptionOf returns the assumption of this name, nil if there is none.
func assumptionOf(name string) *Assumption {
	for i := range Assumptions {
		if Assumptions[i].Name == name {
			return &Assumptions[i]
		}
	}
	return nil
}
