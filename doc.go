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
//   - [OutcomeRejected]: the platform said no, and will again. After [ErrRateLimited] a wait
//     helps; for SendSmsCode, a wait and a new picture.
//   - [OutcomeUnknown]: it may have acted. Do not repeat what must not happen twice. After
//     SendSmsCode, ask the person to wait for the SMS.
//
// errors.Is compares codes: [ErrInvalidToken] is one code, [ErrRateLimited] a class. Package
// advice says what to tell the person.
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
// [AccessTokenSource.Use] calls again with another access token, at most four times, after
// [ErrInvalidAccessToken].
//
// # What is kept secret
//
// No error text, log line or value given to an [Observer] holds a phone number (176****3340 is
// shown), picture code, SMS code, password, token or e-mail address, nor a part of one. Of the
// platform's own messages at most four kilobytes are looked through.
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
// Nobody has spoken to the real platform with this version. That it speaks https, takes JSON
// bodies, wants {} where an operation has no parameters, and asks for no signature is read
// from its published pages of 2021. The README lists all that is assumed; "openplatform doctor"
// asks a platform. [WithWrapper] can add a signature.
package openplatform
