package doctor

// An Assumption is something about the platform that is not confirmed. The doctor checks each. The list in docs/doctor.md,
// and the rows in the READMEs, are written from here.
type Assumption struct {
	Name    string // also the name of its check
	Text    string // in Markdown, like the fields below
	Chinese string
	// Otherwise says what happens if it does not hold, and what to do then.
	Otherwise        string
	OtherwiseChinese string
}

// Assumptions are all assumptions of the SDK about the platform, in the order of the checks.
var Assumptions = []Assumption{
	{
		Name:    "https",
		Text:    "It speaks https, with TLS 1.2 or later and a certificate that your machine trusts.",
		Chinese: "平台使用 https，TLS 版本不低于 1.2，证书受你的机器信任。",
		Otherwise: "If the machine does not know the certificate authority: add it to `RootCAs` of a `DefaultTransport` for `WithHTTPClient`, " +
			"and test it here with `-ca FILE`. If the platform offers only plain http: pass the `http://` address to `WithBaseURL`; passwords are then sent unencrypted. " +
			"Only the operators of the platform, or of a device in between, can correct anything else.",
		OtherwiseChinese: "如果是机器不认识的证书颁发机构：把它加入 `DefaultTransport` 的 `RootCAs`，再传给 `WithHTTPClient`；可先用 doctor 的 `-ca FILE` 验证。" +
			"如果平台只提供明文 http：用 `WithBaseURL` 传入 `http://` 地址，但密码将以明文传输。其余情形只能由平台或中间设备的运维人员修复。",
	},
	{
		Name:    "no_redirects",
		Text:    "It responds at the base URL itself and does not redirect.",
		Chinese: "平台直接在 base URL 上响应，不重定向到其他地址。",
		Otherwise: "The SDK follows no redirect, because it would send a phone number to another address. If that address is the platform's, " +
			"pass it to `WithBaseURL`.",
		OtherwiseChinese: "SDK 不跟随重定向，否则手机号会被一并带走。如果重定向指向的地址确属平台，请把它传给 `WithBaseURL`。",
	},
	{
		Name:             "clock",
		Text:             "Its clock differs from your machine's by at most one minute.",
		Chinese:          "平台的时钟与你的机器相差不超过一分钟。",
		Otherwise:        "The SDK works: it calculates the expiry of a token with the platform's clock. A signature with a time would be refused: synchronize the machine's clock with NTP.",
		OtherwiseChinese: "SDK 不受影响：令牌何时到期按平台的时钟计算。但含时间的签名会被拒绝，请用 NTP 校准机器的时钟。",
	},
	{
		Name:    "keep_alive",
		Text:    "It keeps connections open for further requests, idle ones for at least 30 seconds.",
		Chinese: "平台保持连接供后续请求使用；空闲连接至少保留 30 秒。",
		Otherwise: "The SDK works, but calls need new connections, and a call whose connection is closed during the request has an unknown outcome. " +
			"Pass a `DefaultTransport` with an `IdleConnTimeout` shorter than the platform's to `WithHTTPClient`.",
		OtherwiseChinese: "SDK 仍能工作，但调用要付出新建连接的代价；如果连接恰好在请求期间被关闭，这次调用的结果未知。" +
			"请给 `WithHTTPClient` 传入一个 `DefaultTransport`，其 `IdleConnTimeout` 要短于平台的空闲超时。",
	},
	{
		Name:             "paths",
		Text:             "The operations are at their published paths, below the base URL.",
		Chinese:          "各接口位于 base URL 之下文档所列的路径。",
		Otherwise:        "Ask the platform for the address. If the paths have a prefix, such as `/gateway`, add it to the URL of `WithBaseURL`.",
		OtherwiseChinese: "请向平台询问地址。如果路径前还有前缀（例如 `/gateway`），把它写进 `WithBaseURL`：路径会被保留。",
	},
	{
		Name:    "no_signature",
		Text:    "It needs no signature, app id or login in addition to an operation's parameters.",
		Chinese: "除接口自身的参数外，平台不要求签名、appId 或登录。",
		Otherwise: "Sign with a `RoundTripper` in `WithWrapper`; all promises hold. docs/doctor.md has a complete example. " +
			"Please report what the platform wants signed.",
		OtherwiseChinese: "用 `WithWrapper` 加入一个负责签名的 `RoundTripper`，所有保证依然成立；完整示例见 docs/doctor.zh-CN.md。请告诉我们平台要求对什么签名。",
	},
	{
		Name:    "envelope",
		Text:    "Every response of an operation is an envelope, with `code` and `msg` as strings and no `data` in a failure.",
		Chinese: "接口的每个响应都是统一的响应结构，`code` 与 `msg` 是字符串，失败时没有 `data`。",
		Otherwise: "The SDK also reads a numeric `code`, and ignores unknown fields. Anything else is a `*ResponseError` with an unknown outcome: " +
			"please report what the doctor found.",
		OtherwiseChinese: "SDK 能读取数字形式的 `code`，也会忽略不认识的字段。除此之外都是 `*ResponseError`，结果未知：请把 doctor 的检查结果告诉我们。",
	},
	{
		Name:             "request_ids",
		Text:             "Each response has its own `request_id`, a string of at most 64 characters.",
		Chinese:          "每个响应都有各自的 `request_id`，为不超过 64 个字符的字符串。",
		Otherwise:        "The SDK works, but the platform's support cannot find a request by its id: log the time of each call.",
		OtherwiseChinese: "SDK 不受影响，但平台的技术支持无法凭 id 找到请求：请自行记录每次调用的时间。",
	},
	{
		Name:    "failures_at_200",
		Text:    "A failure has HTTP status 200, and its code is in the envelope.",
		Chinese: "失败时 HTTP 状态码为 200，失败 code 在响应结构中。",
		Otherwise: "Nothing to do: the SDK reads failures at any HTTP status. Configure your sandbox in the same way: `sandbox.WithHTTPStatus()`, or " +
			"`openplatform sandbox -http-status`.",
		OtherwiseChinese: "无需处理：SDK 在任何 HTTP 状态码下都能读取失败。请让你的沙箱也这样响应：`sandbox.WithHTTPStatus()` 或 `openplatform sandbox -http-status`。",
	},
	{
		Name:    "content_type",
		Text:    "A response is `application/json` in UTF-8, compressed with gzip or not compressed.",
		Chinese: "响应为 UTF-8 编码的 `application/json`，不压缩或用 gzip 压缩。",
		Otherwise: "Another media type is harmless: the SDK does not check it. The SDK refuses a response that is not UTF-8 or is compressed in another way: " +
			"please report it.",
		OtherwiseChinese: "其他媒体类型无妨：SDK 不看名称，只读内容。但不是 UTF-8 或以其他方式压缩的响应会被拒绝：请告诉我们。",
	},
	{
		Name:    "empty_object",
		Text:    "It accepts `{}` as the body of an operation without parameters.",
		Chinese: "没有参数的接口接受 `{}` 作为请求体。",
		Otherwise: "GetImgCode fails. Please report it. Until then, get pictures with a separate client whose `RoundTripper` in `WithHTTPClient` sends an empty body: " +
			"docs/doctor.md has the code.",
		OtherwiseChinese: "GetImgCode 会失败。请告诉我们。在此之前，可以用一个专门获取图形验证码的 client，由其 `WithHTTPClient` 中的 `RoundTripper` 发送空请求体：" +
			"代码见 docs/doctor.zh-CN.md。",
	},
	{
		Name:             "picture",
		Text:             "A picture is a JPEG, in a base64 data URL.",
		Chinese:          "图形验证码是 base64 data URL 形式的 JPEG。",
		Otherwise:        "`ImgCode.Img` holds the whole value. `ImgCode.Picture` decodes any picture type, but only from a base64 data URL: decode other forms yourself, and please report it.",
		OtherwiseChinese: "`ImgCode.Img` 保存平台返回的完整内容。`ImgCode.Picture` 能解码任何类型的图片，但只认 base64 data URL：其他形式请自行解码，并告诉我们。",
	},
	{
		Name:    "json_body",
		Text:    "It reads parameters from a JSON body, sent with `Content-Type: application/json`.",
		Chinese: "平台从 `Content-Type: application/json` 的 JSON 请求体中读取参数。",
		Otherwise: "No POST operation with parameters works. Please report it: the SDK sends only JSON. Sending another format from a `RoundTripper` in " +
			"`WithHTTPClient` gives up some promises (docs/doctor.md).",
		OtherwiseChinese: "所有带参数的 POST 接口都无法使用。请告诉我们：SDK 只发送 JSON，而在 `WithHTTPClient` 的 `RoundTripper` 里改发别的内容会失去部分保证（见 docs/doctor.zh-CN.md）。",
	},
	{
		Name:    "documented_codes",
		Text:    "The single sign-on operations fail with the codes that their pages list.",
		Chinese: "单点登录接口的失败 code 与其文档所列一致。",
		Otherwise: "`ErrInvalidToken` and the others do not match, and `AccessTokenSource` does not detect a rejected token: compare " +
			"`APIError.Code` with the real code, and please report it.",
		OtherwiseChinese: "`ErrInvalidToken` 等无法匹配，`AccessTokenSource` 也察觉不到访问令牌已被拒绝：请把 `APIError.Code` 与实际返回的值比较，并告诉我们。",
	},
	{
		Name:             "unknown_paths",
		Text:             "The response for an unknown path is an envelope with code 404001.",
		Chinese:          "对未知路径返回统一的响应结构，code 为 404001。",
		Otherwise:        "The SDK works. A wrong base URL gives a `*ResponseError`, not `ErrUnknownAPI`.",
		OtherwiseChinese: "SDK 不受影响。base URL 写错时得到的是 `*ResponseError`，而不是 `ErrUnknownAPI`。",
	},
	{
		Name:    "once",
		Text:    "Devices between you and the platform forward each request once, and do not respond from a cache.",
		Chinese: "你与平台之间的设备对每个请求只转发一次，也不用缓存响应。",
		Otherwise: "Ask their operators to switch this off for these paths (nginx: `proxy_cache off; proxy_next_upstream off;`). " +
			"The SDK sends an operation that changes something once; it cannot prevent a gateway from repeating it.",
		OtherwiseChinese: "请其运维人员对这些路径关闭该功能（nginx：`proxy_cache off; proxy_next_upstream off;`）。SDK 对会改变平台状态的请求至多发送一次，但无法阻止网关重发。",
	},
	{
		Name:    "account_codes",
		Text:    "The account operations refuse with a code of a 4xx class; their pages list no codes.",
		Chinese: "账号类接口的文档没有列出失败 code；拒绝时返回 4xx 类的 code。",
		Otherwise: "`OutcomeOf` returns unknown although the platform refused the request, and the person waits in vain: compare `APIError.Code` with the real code, " +
			"and please report it.",
		OtherwiseChinese: "平台已拒绝请求，`OutcomeOf` 却返回“结果未知”，用户会白白等待：请把 `APIError.Code` 与实际返回的值比较，并告诉我们。",
	},
	{
		Name:             "expired_times",
		Text:             "`expired` is China Standard Time, and an access token expires within two hours.",
		Chinese:          "`expired` 是北京时间，访问令牌的有效期不超过两小时。",
		Otherwise:        "`AccessTokenSource` ignores an implausible time, and works. `Expired` in results is wrong: do not use it.",
		OtherwiseChinese: "`AccessTokenSource` 不采信不合理的时间，仍能工作。结果中的 `Expired` 是错的：请不要使用。",
	},
	{
		Name:    "tokens_coexist",
		Text:    "Older access tokens stay valid when a new one is issued.",
		Chinese: "签发新的访问令牌后，之前的仍然有效。",
		Otherwise: "Machines of one business system make each other's tokens invalid, and fetch new ones after `ErrInvalidAccessToken`: share one token with " +
			"`WithTokenStore`.",
		OtherwiseChinese: "同一业务系统的多台机器会使彼此的访问令牌失效，并在 `ErrInvalidAccessToken` 之后各自重新获取：请用 `WithTokenStore` 共享同一个。",
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
