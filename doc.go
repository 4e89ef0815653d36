// Package openplatform is a client for the account API of the open platform
// (经济行业数字开放平台): picture codes, SMS codes, registration, login, password reset and
// single sign-on.
//
//	client, err := openplatform.NewClient(openplatform.Test)
//	...
//	picture, err := client.GetImgCode(ctx) // show picture.Data.Img to the person
//	...
//	resp, err := client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
//		Mobile:    mobile,
//		ImgCodeID: picture.Data.ImgCodeID,
//		ImgCode:   whatThePersonRead,
//		SmsType:   openplatform.SmsTypeRegister,
//	})
//
// Make one [Client] and keep it. To see it work without the platform, use package
// sandbox.
//
// # Errors and outcomes
//
// Every failed call returns one of four errors, found with errors.As, and
// [OutcomeOf] says what it may have done:
//
//	*ValidationError  the request breaks a documented rule      not sent
//	*APIError         a code other than 000                     rejected (4xx…) or unknown
//	*ResponseError    an answer that is no valid envelope       unknown
//	*TransportError   no usable answer                          not sent, if proven, or unknown
//
// [OutcomeNotSent]: the platform knows nothing of it. Calling again is safe, and
// helps unless the request breaks a rule, the certificate is not trusted or ctx ended.
// [OutcomeRejected]: the platform said no. The same request will be refused again, but
// for [ErrRateLimited], after which waiting helps.
// [OutcomeUnknown]: it may have acted. Do not repeat what must not happen twice; for
// SendSmsCode, ask the person to wait for the SMS before you offer another.
//
// Compare codes with errors.Is: [ErrInvalidToken] and its like for one code,
// [ErrRateLimited] and its like for a class of codes, documented or not.
//
// # What is repeated
//
// This is a contract; a release that changes it says so.
//
// An operation that changes something on the platform (Register, Login, Activate,
// SendSmsCode, LoginByMobileCode, ResetPassword, Logout, GetServiceTicket, GetAccount,
// and by default whatever [Do] is given) leaves this process at most once a call. It is
// attempted again only if no connection could be made to send it over: a dial that
// failed, never a certificate that is not trusted.
// It is not repeated after a timeout, a lost connection, an HTTP 503, a Retry-After,
// or anything else, and net/http is kept from repeating it by itself, as it would
// over HTTP/2 and for a GET.
//
// An operation that changes nothing (GetImgCode, CheckToken, GetAccessToken) is
// attempted again after a failed or lost connection, a truncated answer, and 429, 502,
// 503 and 504, be it the HTTP status or the first three digits of the code. Never after a
// certificate that is not trusted, a redirect, any other answer, or the end of ctx.
//
// At most 3 attempts are made, with waits as [RetryPolicy] describes. All
// repetitions of a client are paid from one quota: ten to begin with, and a tenth for
// each call. A platform that stays down gets 1.1 times its normal traffic.
//
// [AccessTokenSource.Use] and [AccessTokenSource.VerifyUser] make a second call, with
// another access token, after the platform has rejected the first with
// [ErrInvalidAccessToken]; and a third if the second token came from a [TokenStore] and is
// rejected too.
//
// # What is kept secret
//
// No error text, log line or value given to an [Observer] holds a phone number
// (176****3340 is shown), picture code, SMS code, password, token or e-mail address,
// the platform's own messages included; nor a part of one, where a message was cut. What is
// looked through for that is at most four kilobytes of a text, when it is printed.
//
// Requests and results print masked under every verb of fmt and in slog. The JSON of a
// request, and of an [APIError], is one masked string, because JSON is how many loggers
// print. What is whole, for the program's use: the fields of requests and results,
// [APIError].Msg, and the JSON of a result or a [Response]. fmt does not ask a value in an
// unexported field of another struct how to print: hold a pointer there. And net/http
// writes to the standard logger what a server sends unasked on an idle connection:
// [log.SetOutput] is yours. docs/loggers.md has a table of loggers.
//
// # What is assumed
//
// Nobody has spoken to the real platform with this version. That it speaks https,
// takes JSON bodies, wants {} where an operation has no parameters, and asks for no
// signature is read from its published pages of 2021. A signature can be added with
// [WithWrapper].
package openplatform
