// Package sandbox is a fake of the open platform (经济行业数字开放平台) that behaves: its picture codes are real
// pictures, used once, that expire; the SMS and e-mails it "sends" land in an outbox and in mailboxes that a test, or a
// person, can read; its accounts, tokens and tickets have a life; it can be told to fail, and it keeps a ledger of what
// it really carried out. Nothing ever leaves the process.
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
// StartInMemory does without a socket, and works in a testing/synctest bubble. Elsewhere, New gives an http.Handler for a
// server of your own. For programs in other languages there is command openplatform, which serves what package control
// has: all of this as an API, and a page.
//
// WaitSMS waits for an SMS. What was sent and what happened has IDs that only grow: LastID before an action, passed as
// After to ListSMS, NextSMS and their like, finds what the action caused.
//
// A test that is not about registration has AddAccount open an account, and DemoClientID and DemoClientSecret, or
// AddClient, for single sign-on. Advance lets what is issued expire.
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
// These phone numbers bring about an outcome by themselves. SetSpecialNumber changes them:
//
//	number       kind         what happens
//	19900000001  Throttled    SendSmsCode answers CodeTooManySms
//	19900000002  WrongCode    the SMS is sent; Register and LoginByMobileCode answer CodeWrongSmsCode, whatever code they get
//	19900000003  AnswerLost   SendSmsCode sends the SMS, and the connection breaks before the answer
//	19900000004  Timeout      SendSmsCode sends no SMS and does not answer; after five minutes the connection is closed
//	19900000005  BadGateway   SendSmsCode sends no SMS; nginx's HTML page for 502 is answered
//	19900000006  FixedCode    every SMS code is 8888
//
// # Documented failures
//
// The platform documents these, if not always for the operations at hand:
//
//	code    msg                    when
//	400     参数[x]不能为空          a parameter is absent, null or empty; x is its wire name
//	400003  入参解析异常             the body is no JSON object, holds a parameter that is no string, is over 64 KiB, or
//	                               has not come after 10 seconds; the query cannot be parsed, or is over 64 KiB
//	401003  无效的access_token      access_token is unknown, revoked or expired
//	401004  无效的token             token is unknown or expired, or its login has ended
//	401005  无效的service_ticket    service_ticket is unknown, used or expired
//	403006  client_id不正确         no client has this id
//	403007  client_secret不正确     the client has another secret
//	404001  接口不存在              no operation has this method and path
//
// 401004 is documented for CheckToken; that GetServiceTicket, ResetPassword and Logout answer it too is an assumption.
//
// # Assumptions
//
// The platform publishes no codes for the failures below. These are the sandbox's own invention, in the platform's
// style; the real platform will answer with others, so a program must not depend on them:
//
//	constant               code    msg                           when
//	CodeWrongImgCode       400101  图形验证码错误                  img_code is not what the picture shows
//	CodeImgCodeGone        400102  图形验证码已失效                img_code_id is unknown, used or expired
//	CodeInvalidSmsType     400103  短信类型不正确                  sms_type is none of the documented three, or REGISTER
//	                                                             for LoginByMobileCode
//	CodeWrongSmsCode       400104  短信验证码错误                  code is not what the SMS said
//	CodeSmsCodeGone        400105  短信验证码已失效                no SMS code was sent to this mobile for this purpose,
//	                                                             or it is used, expired or was guessed at too often
//	CodeUsernameTaken      400106  用户名已存在                    another account has the username
//	CodeEmailTaken         400107  邮箱已被注册                    another account has the e-mail address
//	CodeMobileTaken        400108  手机号已被注册                  another account has the phone number
//	CodeInvalidActivation  400109  激活链接已失效                  the activation token is unknown, used or expired
//	CodeInvalidLength      400110  参数[x]长度不正确               a parameter is longer or shorter than it may be
//	CodeWrongPassword      401101  账号或密码错误                  there is no such account, or it has another password
//	CodeUnknownMobile      404101  手机号未注册                    no account has the phone number
//	CodeTooManySms         429001  短信发送过于频繁，请稍后再试      the phone got an SMS less than SMSInterval ago
//
// Nor is any of the following published; the sandbox had to choose.
//
// Of requests and answers:
//
//   - A failure comes with HTTP status 200; with WithHTTPStatus, with the status that its code begins with.
//   - Parameters are checked one by one, in the order of the platform's documents: is it there, is it a string, has it
//     a length that it may have. Only then does the operation look at what they say.
//   - Lengths are in characters, and checked where the documents give them: username 6 to 20, email up to 255, mobile up
//     to 16, code 4, password up to 20. What else a name or a password may hold is not looked at.
//   - The documents give no length for the mobile of SendSmsCode. The sandbox takes up to 32 characters.
//   - Of a query parameter given twice, the first counts. Unknown parameters are ignored everywhere.
//   - GetImgCode takes an empty body or any JSON object.
//   - A body has 10 seconds to come, an answer 10 seconds to be read. A Fault's Delay comes between the two and counts for
//     neither.
//   - The Content-Type of a request is not looked at.
//
// Of pictures and SMS:
//
//   - A picture lives for ImgCodeLifetime. One answer uses it up, a wrong one included.
//   - The comparison of img_code and of code ignores case.
//   - SendSmsCode looks at sms_type, then at the picture, then at the phone. So a refused sms_type leaves the picture
//     usable, and a throttled phone uses it up.
//   - A phone gets one SMS per SMSInterval, whatever its type, and any mobile of 1 to 32 characters is a phone,
//     registered or not.
//   - An SMS code lives for SmsCodeLifetime and is good for one use, with the phone and the sms_type that it was sent
//     for: REGISTER for Register, the other two for LoginByMobileCode. A newer one for the same takes its place.
//   - SmsCodeGuesses wrong guesses end an SMS code.
//
// Of accounts and logins:
//
//   - No account has a name, be it username, e-mail or phone number, that another one has as any of these three, since
//     Login takes them all. Names are compared exactly, letter case included.
//   - Register looks at the username, the e-mail, the phone number and then the SMS code, and LoginByMobileCode looks for
//     the account before the SMS code: what is refused for a name leaves the SMS code usable.
//   - An activation token lives for ActivationLifetime and is good for one use. There is no way to get another.
//   - An account that is not activated can do all that others can; GetAccount shows it.
//   - Every login issues a new token and leaves those before it alive. It lives for TokenLifetime, whether used or not.
//     No number of wrong passwords locks an account.
//   - The two sms_type of LoginByMobileCode give the same kind of token, and ResetPassword takes any live one, also
//     that of a Login. It ends all tokens of the account, the one it was given included.
//   - Logout ends the one token, and refuses one that is not alive.
//
// Of single sign-on:
//
//   - GetAccessToken issues a new token each time and leaves those before it alive; with WithOneAccessToken it ends the
//     client's last one.
//   - GetServiceTicket looks at access_token, then at token.
//   - A ticket's number_of_uses is 1. It outlives the access token and the login that it was issued for.
//
// # Limits
//
// Memory is bounded: of what requests make it keep, such as pictures, SMS, e-mails, accounts, tokens, tickets and ledger
// entries, the sandbox keeps the newest of each kind, up to 100,000, and no more bytes than the kind's share of 512 MiB,
// or of what WithMemory says. With an account go its tokens and tickets. No string that is kept is longer than its
// documented length, the mobile of an SMS no longer than 32 characters, and the ledger keeps the first 128 bytes of each
// string of a request. A request under way takes a few MiB more, and what header its server lets in.
//
// So is the time that a client can hold a connection for nothing: see ServeHTTP for its body and its answer. The servers of
// Start and Listen also end a connection on which a header takes more than 10 seconds to come, or no further request comes
// for a minute, and refuse a header over 128 KiB with HTTP status 431.
//
// Nothing is kept on disk. Passwords are kept as hashes that are quick to make, hence quick to guess: use none that is
// used elsewhere.
package sandbox
