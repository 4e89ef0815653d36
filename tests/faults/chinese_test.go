package faults

// chineseWords are the words of the tables in docs/reliability.zh-CN.md. A number stands for any.
var chineseWords = map[string]string{
	// The fault proxy
	"fault": "故障", "fired (HTTP/1.1 / HTTP/1.1+TLS / HTTP/2+TLS)": "触发次数（HTTP/1.1 / HTTP/1.1+TLS / HTTP/2+TLS）",
	"calls": "调用", "succeeded": "成功", "rejected": "被拒绝", "not sent": "未发出", "unknown": "结果未知",
	"unknown, arrived": "结果未知且已送达", "deliveries": "送达", "connections": "连接", "violations": "违反",
	"none": "无", "latency": "latency（延迟）", "past the timeout": "超过调用的超时", "bandwidth": "bandwidth（限速）", "slicer": "slicer（切片）",
	"reset_peer": "reset_peer（重置连接）", "timeout": "timeout（吞掉数据）", "limit_data": "limit_data（截断）", "upstream": "上行", "downstream": "下行",
	"slow_close": "slow_close（延迟关闭）", "proxy down": "代理停机", "proxy down and up again": "代理反复停机与恢复",
	"platform drops before acting": "平台执行前断开", "platform drops after acting": "平台执行后断开",
	"gateway responds with 502": "网关返回 502", "platform acts, 503 comes back": "平台已执行，却返回 503", "all": "合计",

	// Gateways
	"gateway": "网关", "case": "情形", "call": "接口", "error": "错误类型", "what it says": "错误内容", "outcome": "结果",
	"attempts": "尝试次数", "carried out": "执行",
	"succeeded #": "成功 #", "unknown #": "结果未知 #", "at most #": "至多 #", "#": "#", "at most # a call": "每次调用至多 #",
	"nothing wrong": "一切正常", "upstream down": "上游停机", "HTTP/2": "HTTP/2",
	"upstream lost before its response": "上游在响应前断开", "upstream lost in mid-response": "上游在响应中途断开",
	"upstream slower than the gateway waits": "上游慢于网关的超时", "gzip on": "开启 gzip", "its own page": "网关自己的页面",
	"HTML with status #": "状态码 # 的 HTML 页面", "#: body too large": "#：请求体过大", "#: URI too long": "#：URI 过长",
	"URI too long (haproxy has no #)": "URI 过长（haproxy 没有 #）",
	"limit_req":                       "limit_req", "its default #": "默认的 #", "stick-table deny #": "stick-table deny #",
	"limit_req #": "limit_req #", "Retry-After # in vain": "Retry-After #，重试仍失败",
	"Retry-After # that helps": "Retry-After #，重试成功", "Retry-After #": "Retry-After #",
	"# to another host": "# 重定向到其他主机",
	"two upstreams":     "两个上游", "the first lost before its response": "第一个在响应前断开", "the first lost": "第一个断开",
	"the first lost in mid-response": "第一个在响应中途断开", "one upstream": "一个上游", "a kept connection lost": "保持的连接断开",
	"proxy_next_upstream off": "proxy_next_upstream off", "proxy_next_upstream error non_idempotent": "proxy_next_upstream error non_idempotent",
	"retry-on all-retryable-errors":   "retry-on all-retryable-errors",
	"gateway stopped during the call": "调用期间网关停止", "gateway killed during the call": "调用期间网关被强制终止",
	"certificate for another host": "证书属于其他主机", "certificate expired": "证书已过期",
	"certificate of an unknown authority": "证书由未知机构签发", "TLS #.# only": "只支持 TLS #.#",
	"https to a port that speaks http": "用 https 访问 http 端口", "http to a port that speaks https": "用 http 访问 https 端口",
	"connection closed after each response": "每次响应后关闭连接",
	"idle connections closed after # ms":    "空闲连接 # ms 后关闭",
	"a call every # ms":                     "每 # ms 调用一次",
	"GOAWAY on reload":                      "重载时发送 GOAWAY",
	"worker_shutdown_timeout #ms":           "worker_shutdown_timeout #ms",
	"hard-stop-after #ms":                   "hard-stop-after #ms",

	// The outage
	"phase": "阶段", "requests": "请求", "allowed": "上限", "ratio": "比值", "of earlier calls": "属于此前的调用", "503": "503",
	"dropped": "连接断开", "gave up": "调用方放弃", "mean per 100 ms": "每 100 ms 平均", "fullest: calls": "最密集：调用",
	"longest stall": "最长停顿", "well": "正常", "hanging": "无响应", "well again": "恢复", "HTTP/#.#": "HTTP/#.#", "HTTP/#+TLS": "HTTP/#+TLS",

	// The soak
	"heap, KiB": "堆，KiB", "heap spans, KiB": "堆 span，KiB", "goroutines": "goroutine", "connections, client": "连接（客户端）",
	"connections, platform": "连接（平台）", "file descriptors": "文件描述符",
}
