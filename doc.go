// Package openplatform is a client for the account API of the open platform
// (经济行业数字开放平台): picture codes, SMS codes, registration, login, password reset and
// single sign-on.
//
//	client, err := openplatform.NewClient(openplatform.Test)
//	...
//	resp, err := client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{Mobile: mobile, ...})
//
// Make one [Client] and keep it. Package sandbox is a platform to try it with.
//
// # Errors and outcomes
//
// A failed call returns one of four errors, for errors.As:
//
//   - [*ValidationError]: the request breaks a documented rule. Nothing was sent.
//   - [*APIError]: the platform answered with a code other than 000.
//   - [*ResponseError]: an answer came that is no valid envelope.
//   - [*TransportError]: no usable answer came.
//
// [OutcomeOf] says what the call may have done:
//
//   - [OutcomeNotSent]: the platform knows nothing of it. Calling again is safe, and helps
//     unless the request breaks a rule, the certificate is not trusted or ctx ended.
//   - [OutcomeRejected]: the platform said no. It will refuse the same request again, but for
//     [ErrRateLimited], after which a wait helps. A SendSmsCode needs a new picture even
//     then: the old one is used up.
//   - [OutcomeUnknown]: it may have acted. Do not repeat what must not happen twice. After
//     SendSmsCode, ask the person to wait for the SMS before you offer another.
//
// Package advice turns an error into what to tell the person and what to answer a front end.
//
// Compare codes with errors.Is: [ErrInvalidToken] and its like for one code,
// [ErrRateLimited] and its like for a class of codes, documented or not.
//
// # What is repeated
//
// This is a contract; a release that changes it says so. An operation that changes something,
// which is any but the three named below and, by default, what [Do] is given, leaves this process
// at most once a call. It is attempted again only after a dial that failed; never after a
// certificate that is not trusted, a timeout, a lost connection, an HTTP 503 or a Retry-After.
// Net/http is kept from repeating it by itself.
//
// An operation that changes nothing (GetImgCode, CheckToken, GetAccessToken) is attempted
// again after a failed or lost connection, a truncated answer, and 429, 502, 503 and 504, as
// HTTP status or as the first three digits of the code. Nothing else is repeated.
//
// A call makes at most 3 attempts, with waits as [RetryPolicy] says. One quota pays for all
// repetitions of a client: ten to begin with, and a tenth for each call. A platform that stays
// down gets 1.1 times its normal traffic.
//
// [AccessTokenSource.Use] calls again with another access token, at most twice, after
// [ErrInvalidAccessToken].
//
// # What is kept secret
//
// No error text, log line or value given to an [Observer] holds a phone number (176****3340 is
// shown), picture code, SMS code, password, token or e-mail address, nor a part of one: not in
// the platform's own messages either, of which at most four kilobytes are looked through.
//
// Requests and results print masked under every verb of fmt and in slog. The JSON of a request
// and of an [APIError] is one masked string, because many loggers print JSON. The fields of
// requests and results, [APIError].Msg, and the JSON of a result or a [Response] are whole,
// for the program's use. docs/loggers.md has the exceptions: fmt does not ask a value in an
// unexported field how to print, and net/http writes to the standard logger what a server
// sends unasked on an idle connection.
//
// # What is assumed
//
// Nobody has spoken to the real platform with this version. What follows is read from its
// published pages of 2021, or stands in for what they leave out. The program of this project
// asks a platform about each, by these names: openplatform doctor.
//
//   - https: It speaks https, with TLS 1.2 or later and a certificate that your machine
//     trusts.
//   - no_redirects: It answers at the base URL itself, and redirects nowhere.
//   - clock: Its clock and your machine's agree to within a minute.
//   - keep_alive: It keeps a connection for further requests; an idle one for at least 30
//     seconds.
//   - paths: The operations are at their published paths, below the base URL.
//   - no_signature: It asks for no signature, app id or login beside an operation's own
//     parameters.
//   - envelope: Every answer of an operation is an envelope, with code and msg as strings and
//     no data in a failure.
//   - request_ids: Each answer has a request_id of its own, a string of at most 64 characters.
//   - failures_at_200: A failure comes with HTTP status 200, and with its code in the
//     envelope.
//   - content_type: An answer is application/json in UTF-8, compressed with gzip or not at
//     all.
//   - empty_object: It takes {} as the body of an operation that has no parameters.
//   - picture: A picture is a JPEG, in a base64 data URL.
//   - json_body: It reads parameters from a JSON body, sent with Content-Type:
//     application/json.
//   - documented_codes: The single sign-on operations fail with the codes that their pages
//     list.
//   - unknown_paths: A path that it does not know is answered with code 404001, in an
//     envelope.
//   - once: What stands between you and the platform sends each request on once, and answers
//     none from a store.
//   - account_codes: The account operations, whose pages list no codes, refuse with a code of
//     a 4xx class.
//   - expired_times: expired is China Standard Time, and an access token ends within two
//     hours.
//   - tokens_coexist: A new access token leaves those before it valid.
//
// [WithWrapper] can add a signature.
package openplatform
