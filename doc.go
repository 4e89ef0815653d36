// Package openplatform is a client for the account API of the open platform
// (经济行业数字开放平台): picture codes, SMS codes, registration, login, password reset and
// single sign-on.
//
//	client, err := openplatform.NewClient(openplatform.Test)
//	...
//	resp, err := client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{Mobile: mobile, ...})
//
// Make one [Client] and keep it. Package sandbox is a local platform for tests.
//
// # Errors and outcomes
//
// A failed call returns one of four errors. Use errors.As to find it:
//
//   - [*ValidationError]: the request breaks a documented rule. Nothing was sent.
//   - [*APIError]: the platform responded with a code other than 000.
//   - [*ResponseError]: the response is not a valid envelope.
//   - [*TransportError]: no usable response was received.
//
// [OutcomeOf] says what the call may have done on the platform:
//
//   - [OutcomeNotSent]: the request did not reach the platform. Calling again is safe. It does
//     not help if the request breaks a rule, the certificate is not trusted or ctx has ended.
//   - [OutcomeRejected]: the platform refused the request and will refuse it again. After
//     [ErrRateLimited], wait first. For SendSmsCode, also get a new picture.
//   - [OutcomeUnknown]: the platform may have acted. Do not repeat an operation that must not
//     happen twice. After SendSmsCode, ask the person to wait for the SMS.
//
// errors.Is compares codes: [ErrInvalidToken] is one code, [ErrRateLimited] is a class.
// Package advice says what to tell the person.
//
// # Retries
//
// This section is a contract. A release that changes it says so.
//
// Three operations change nothing: GetImgCode, CheckToken and GetAccessToken. They are retried
// after a connection that failed or was lost, after a truncated response, and after 429, 502,
// 503 and 504, as HTTP status or as the first three digits of the code.
//
// Every other operation, and by default every operation of [Do], is sent at most once per call.
// It is retried only if no connection could be made. It is not retried after an untrusted
// certificate, a timeout, a lost connection, HTTP 503 or Retry-After. The SDK also prevents
// the retries of net/http.
//
// A call makes at most 3 attempts; [RetryPolicy] sets the waits. All retries of a client share
// one quota: 10 at first, and one more for every ten calls. A platform that is down therefore
// receives at most 1.1 times its normal traffic.
//
// [AccessTokenSource.Use] calls again with another access token after [ErrInvalidAccessToken],
// at most four times.
//
// # Secrets
//
// Error texts, log lines and the values passed to an [Observer] hold no phone number (it is
// shown as 176****3340), picture code, SMS code, password, token or e-mail address, nor a part
// of one. Of each message of the platform, the first four kilobytes are searched.
//
// Requests and results print masked with every verb of fmt and in slog. The JSON of a request
// and of an [APIError] is one masked string, because many loggers print JSON. The program
// itself gets whole values: the fields of requests and results, [APIError].Msg, and the JSON of
// a result or a [Response]. docs/loggers.md lists the exceptions.
//
// # Assumptions
//
// This version has not been used with the real platform yet. These points are assumptions from
// the pages that the platform published in 2021: it uses https, takes JSON bodies, expects {}
// for an operation without parameters, and needs no signature. docs/doctor.md lists all, and
// "openplatform doctor" checks them. [WithWrapper] can add a signature.
package openplatform
