// Package sandbox is a local server that behaves like the open platform (经济行业数字开放平台), for tests. Picture codes
// are real pictures that can be used once and expire. SMS and e-mails go to an outbox and to mailboxes that a test or a
// person can read. Accounts, tokens and tickets have a lifetime. It can simulate failures, and it records what it really
// carried out. Nothing leaves the process.
//
// Start gives a test a running server and a client for it:
//
//	sb := sandbox.Start(t)
//	picture, err := sb.Client.GetImgCode(ctx)
//	// ...
//	answer := sb.SolveImgCode(picture.Data.ImgCodeID)
//	// ... sb.Client.SendSmsCode(ctx, ...)
//	code := sb.Outbox("13900001111")[0].Code
//
// StartInMemory uses no socket, and works in a testing/synctest bubble. New returns an http.Handler for your own server.
// For programs in other languages, command openplatform serves the API and the page of package control.
//
// WaitSMS waits for an SMS. Messages and requests have ascending IDs: take LastID before an action and pass it as After
// to ListSMS, NextSMS and similar methods to find what the action caused.
//
// A test that is not about registration creates an account with AddAccount. For single sign-on, use DemoClientID and
// DemoClientSecret, or AddClient. Advance moves the clock, so that codes and tokens expire.
//
// # Operations
//
//	Register          注册                 POST /oauth/api/account/register
//	Login             登录                 POST /oauth/api/account/login
//	GetImgCode        获取图形验证码        POST /oauth/api/account/getImgCode
//	Activate          账号激活             GET  /oauth/api/account/activate
//	SendSmsCode       发送短信验证码        POST /oauth/api/account/sendSmsCode
//	LoginByMobileCode 短信验证码登录        POST /oauth/api/account/loginByMobileCode
//	ResetPassword     重置密码             POST /oauth/api/account/resetPassword
//	Logout            登出                 GET  /oauth/api/account/logout
//	CheckToken        校验token            GET  /oauth/checkToken
//	GetAccessToken    获取AccessToken      GET  /oauth/getAccessToken
//	GetServiceTicket  获取ServiceTicket    POST /oauth/getServiceTicket
//	GetAccount        获取用户信息          POST /oauth/api/account/getAccount
//
// A constant has the name of each, such as OpSendSmsCode.
//
// # Special numbers
//
// These phone numbers always have the same outcome. SetSpecialNumber changes them:
//
//	number       kind         what happens
//	19900000001  Throttled    SendSmsCode responds with CodeTooManySms
//	19900000002  WrongCode    the SMS is sent; Register and LoginByMobileCode respond with CodeWrongSmsCode to every code
//	19900000003  AnswerLost   SendSmsCode sends the SMS, and the connection is closed before the response
//	19900000004  Timeout      SendSmsCode sends no SMS and no response; the connection is closed after five minutes
//	19900000005  BadGateway   SendSmsCode sends no SMS and responds with nginx's HTML page for 502
//	19900000006  FixedCode    every SMS code is 8888
//
// # Documented failures
//
// The platform documents these codes, but not for every operation below:
//
//	code    msg                    when
//	400     参数[x]不能为空          a parameter is absent, null or empty; x is its wire name
//	400003  入参解析异常             the body is not a JSON object, has a parameter that is not a string, is over 64 KiB, or
//	                               is not complete after 10 seconds; the query cannot be parsed, or is over 64 KiB
//	401003  无效的access_token      access_token is unknown, revoked or expired
//	401004  无效的token             token is unknown or expired, or its login was ended
//	401005  无效的service_ticket    service_ticket is unknown, used or expired
//	403006  client_id不正确         no client has this id
//	403007  client_secret不正确     the client has another secret
//	404001  接口不存在              no operation has this method and path
//
// 401004 is documented for CheckToken. It is an assumption that GetServiceTicket, ResetPassword and Logout use it too.
//
// # Assumptions
//
// The platform documents no codes for the failures below. The sandbox invents them, in the platform's style. The real
// platform uses other codes, so a program must not depend on these:
//
//	constant               code    msg                           when
//	CodeWrongImgCode       400101  图形验证码错误                  img_code is not the text of the picture
//	CodeImgCodeGone        400102  图形验证码已失效                img_code_id is unknown, used or expired
//	CodeInvalidSmsType     400103  短信类型不正确                  sms_type is not one of the documented three, or is REGISTER
//	                                                             for LoginByMobileCode
//	CodeWrongSmsCode       400104  短信验证码错误                  code is not the code of the SMS
//	CodeSmsCodeGone        400105  短信验证码已失效                no SMS code was sent to this mobile for this purpose,
//	                                                             or it is used, expired or had too many wrong guesses
//	CodeUsernameTaken      400106  用户名已存在                    another account has the username
//	CodeEmailTaken         400107  邮箱已被注册                    another account has the e-mail address
//	CodeMobileTaken        400108  手机号已被注册                  another account has the phone number
//	CodeInvalidActivation  400109  激活链接已失效                  the activation token is unknown, used or expired
//	CodeInvalidLength      400110  参数[x]长度不正确               a parameter is longer or shorter than it may be
//	CodeWrongPassword      401101  账号或密码错误                  there is no such account, or the password is wrong
//	CodeUnknownMobile      404101  手机号未注册                    no account has the phone number
//	CodeTooManySms         429001  短信发送过于频繁，请稍后再试      the phone got an SMS less than SMSInterval ago
//
// The following is not documented either; the sandbox had to choose.
//
// Requests and responses:
//
//   - A failure has HTTP status 200; with WithHTTPStatus, the status that its code begins with.
//   - Parameters are checked one by one, in the order of the platform's documents: present, a string, of a valid length.
//     The operation looks at their values only after that.
//   - Lengths are in characters, and are checked where the documents give them: username 6 to 20, email up to 255, mobile
//     up to 16, code 4, password up to 20. Other rules for a name or a password are not checked.
//   - The documents give no length for the mobile of SendSmsCode. The sandbox accepts up to 32 characters.
//   - If a query parameter is given twice, the first one is used. Unknown parameters are ignored.
//   - GetImgCode accepts an empty body or any JSON object.
//   - A body must arrive within 10 seconds, and a response must be read within 10 seconds. A Fault's Delay lies between
//     them and is not counted.
//   - The Content-Type of a request is not checked.
//
// Pictures and SMS:
//
//   - A picture is valid for ImgCodeLifetime. One try uses it up, also a wrong one.
//   - img_code and code are compared without regard to case.
//   - SendSmsCode checks sms_type, then the picture, then the phone. So a refused sms_type does not use up the picture,
//     but a rate-limited phone does.
//   - A phone gets one SMS per SMSInterval, of any type. Any mobile of 1 to 32 characters is a phone, registered or not.
//   - An SMS code is valid for SmsCodeLifetime and one use, with the phone and the sms_type that it was sent for:
//     REGISTER for Register, the other two for LoginByMobileCode. A newer one for the same phone and sms_type replaces it.
//   - SmsCodeGuesses wrong guesses make an SMS code invalid.
//
// Accounts and logins:
//
//   - A username, e-mail address or phone number of an account cannot be any of these three of another account, because
//     Login accepts all of them. Names are compared exactly, with case.
//   - Register checks the username, the e-mail, the phone number and then the SMS code. LoginByMobileCode checks the
//     account before the SMS code. So a refused name does not use up the SMS code.
//   - An activation token is valid for ActivationLifetime and one use. There is no way to get another.
//   - An account that is not activated can do all that others can; GetAccount shows it.
//   - Every login issues a new token; older ones stay valid. A token is valid for TokenLifetime, used or not. Wrong
//     passwords never lock an account.
//   - Both sms_type of LoginByMobileCode give the same kind of token. ResetPassword accepts every valid token, also that of
//     a Login, and makes all tokens of the account invalid, this one included.
//   - Logout makes one token invalid, and refuses a token that is not valid.
//
// Single sign-on:
//
//   - GetAccessToken issues a new token each time; older ones stay valid. With WithOneAccessToken, it makes the client's
//     last one invalid.
//   - GetServiceTicket checks access_token, then token.
//   - A ticket's number_of_uses is 1. It stays valid when its access token or its login ends.
//
// # Limits
//
// Memory is limited. Of each kind of data that requests create (pictures, SMS, e-mails, accounts, tokens, tickets,
// recorded requests), the sandbox keeps the newest, up to 100,000 and up to the kind's share of 512 MiB, or of WithMemory.
// The tokens and tickets of an account are removed with it. No stored string is longer than its documented length, the
// mobile of an SMS not longer than 32 characters. The ledger keeps the first 128 bytes of each string of a request. A
// running request needs a few MiB more, and the header that its server accepts.
//
// The time of a connection is limited too: see ServeHTTP for the body and the response. The servers of Start and Listen
// also close a connection if a header takes more than 10 seconds or no further request comes for a minute. They refuse a
// header over 128 KiB with HTTP status 431.
//
// Nothing is stored on disk. Passwords are stored as hashes that are fast to compute, and therefore easy to guess: do not
// use real passwords.
package sandbox
