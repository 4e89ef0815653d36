package main

// chineseWords are the words of the tables in the Chinese page. "#" stands for any number.
var chineseWords = map[string]string{ //nolint:gosec // words about tokens, none of them a secret
	"the SDK as it comes": "SDK 默认设置", "aim": "目标", "measured": "实测", "met": "达到", "yes": "是", "**no**": "**否**",
	"in memory": "内存中", "the time of resty by hand": "与手写 resty 的耗时之比", "the further aim": "更高的目标",
	"the time of the fastest peer": "与最快的同类 SDK 的耗时之比", "allocations": "分配次数", "loopback": "回环",
	"one caller": "一个调用方", "the time of net/http": "与 net/http 的耗时之比", "# callers over TLS": "# 个调用方（TLS）",
	"the calls/s of resty": "每秒调用数与 resty 之比", "the calls/s of tuned net/http": "每秒调用数与调优后 net/http 之比",
	"connections a caller": "每个调用方的连接数", "connections opened later": "之后新开的连接",
	"128 callers, HTTP/2: the calls/s of HTTP/1.1": "128 个调用方，HTTP/2 与 HTTP/1.1 的每秒调用数之比",
	"a program's size over resty's":                "程序比使用 resty 时增大", "modules beyond resty's": "resty 之外的模块", "but for itself": "不含自身",
	"twilio-go": "twilio-go", "go-github": "go-github", "hcloud-go": "hcloud-go", "stripe-go": "stripe-go", "openai-go": "openai-go",

	"# callers": "# 个调用方", "callers": "调用方", "calls/s": "次/秒", "±": "±", "× net/http-tuned": "× net/http-tuned",
	"× net/http": "× net/http", "× resty": "× resty", "p#": "p#", "connections at first": "起初的连接",
	"in the next # calls": "随后 # 次调用中", "later": "之后", "openplatform": "openplatform",

	"a call": "每次调用", "bytes": "字节", "# caller": "# 个调用方", "#": "#", "http": "http", "TLS HTTP/#.#": "TLS HTTP/#.#", "HTTP/#": "HTTP/#",

	"the response's size": "响应大小", "as many bytes that nobody reads": "同样大小、无人读取的字节",
	"a message that repeats the token": "重复令牌的 msg", "a message of escapes": "全是转义的 msg",
	"a success with such a message": "带这种 msg 的成功", "such a request id": "这样的 request_id", "such a code": "这样的 code",

	"a program with": "程序使用", "size": "大小", "over net/http": "比 net/http 大", "over resty": "比 resty 大", "modules": "模块",
}
