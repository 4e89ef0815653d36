// Package sandbox is a fake of the open platform (经济行业数字开放平台) that behaves: its picture codes are real
// pictures, used once, that expire; the SMS it "sends" land in an outbox that a test, or a person, can read; it can be
// told to fail, and it keeps a ledger of what it really carried out. Nothing ever leaves the process.
//
// In a test, Start gives a running one with a client that talks to it:
//
//	sb := sandbox.Start(t)
//	picture, err := sb.Client.GetImgCode(ctx)
//	// ...
//	answer := sb.SolveImgCode(picture.Data.ImgCodeID)
//	// ... sb.Client.SendSmsCode(ctx, ...)
//	code := sb.Outbox("13900001111")[0].Code
//
// Elsewhere, New gives an http.Handler for a server of your own.
//
// # Operations
//
//	GetImgCode  获取图形验证码   POST /oauth/api/account/getImgCode
//	SendSmsCode 发送短信验证码   POST /oauth/api/account/sendSmsCode
//
// # Documented failures
//
// The platform documents these, if not always for the operations at hand:
//
//	code    msg                 when
//	400     参数[x]不能为空      a parameter is absent, null or empty; x is its wire name
//	400003  入参解析异常         the body is no JSON object, holds a parameter that is no string, or is over 64 KiB
//	404001  接口不存在           no operation has this method and path
//
// # Assumptions
//
// The platform publishes no failure codes for the operations above. These are the sandbox's own invention, in the
// platform's style; the real platform will answer with others, so a program must not depend on them:
//
//	constant            code    msg                            when
//	CodeWrongImgCode    400101  图形验证码错误                   img_code is not what the picture shows
//	CodeImgCodeGone     400102  图形验证码已失效                 img_code_id is unknown, used or expired
//	CodeInvalidSmsType  400103  短信类型不正确                   sms_type is none of the documented three
//	CodeTooManySms      429001  短信发送过于频繁，请稍后再试       the phone got an SMS less than SMSInterval ago
//
// Nor is any of the following published; the sandbox had to choose:
//
//   - A failure comes with HTTP status 200; with WithHTTPStatus, with the status that its code begins with.
//   - A picture lives for ImgCodeLifetime. One answer uses it up, a wrong one included.
//   - The comparison of img_code ignores case.
//   - SendSmsCode checks the parameters in the order mobile, img_code_id, img_code, sms_type, then the value of
//     sms_type, then the picture, then the phone. So a refused sms_type leaves the picture usable, and a throttled
//     phone uses it up.
//   - A phone gets one SMS per SMSInterval, whatever its type, and any non-empty mobile is a phone.
//   - GetImgCode takes an empty body or any JSON object; unknown parameters are ignored everywhere.
//   - The Content-Type of a request is not looked at.
//
// # Limits
//
// Memory is bounded: the newest 100,000 pictures, SMS and ledger entries are kept. Nothing is kept on disk.
package sandbox
