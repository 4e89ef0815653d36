package openplatform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/sandbox"
)

// What an error says, whatever its type and however it is wrapped.
func ExampleOperationOf() {
	err := fmt.Errorf("logout page: %w", &openplatform.APIError{
		Operation: "Logout", Code: openplatform.CodeInvalidToken, Msg: "无效的token",
		RequestID: "cc67513b-9b00-4283-a966-80153fd3ecfb", HTTPStatus: 200,
	})

	fmt.Println(openplatform.OperationOf(err), "was", openplatform.OutcomeOf(err))
	fmt.Println("request id:", openplatform.RequestIDOf(err))
	fmt.Println("asks to wait:", openplatform.RetryAfterOf(err))
	fmt.Println("this code:", errors.Is(err, openplatform.ErrInvalidToken))
	fmt.Println("this class:", errors.Is(err, openplatform.ErrUnauthenticated))

	var refusal *openplatform.APIError
	if errors.As(err, &refusal) {
		fmt.Println("code:", refusal.Code, "about our credentials:", refusal.Code.AboutCredentials())
	}
	// Output:
	// Logout was rejected
	// request id: cc67513b-9b00-4283-a966-80153fd3ecfb
	// asks to wait: 0s
	// this code: true
	// this class: true
	// code: 401004 about our credentials: false
}

// The text of an error is what to log, and what to send to support.
func ExampleAPIError_Error() {
	err := &openplatform.APIError{
		Operation: "SendSmsCode", Code: "400", Msg: "参数[mobile]不能为空",
		RequestID: "cc67513b-9b00-4283-a966-80153fd3ecfb", HTTPStatus: 200,
	}
	fmt.Println(err)

	err.Msg = "手机号13900001111已停用"
	fmt.Println("for the program:", err.Msg)
	fmt.Println("for a person or a log:", err.Masked().Msg)
	// Output:
	// openplatform: SendSmsCode: code 400: 参数[mobile]不能为空 (request_id cc67513b-9b00-4283-a966-80153fd3ecfb, HTTP 200, outcome rejected)
	// for the program: 手机号13900001111已停用
	// for a person or a log: 手机号139****1111已停用
}

// readForm reads the form.
func readForm(r *http.Request) *openplatform.SendSmsCodeRequest {
	return &openplatform.SendSmsCodeRequest{
		Mobile: r.FormValue("mobile"), ImgCodeID: r.FormValue("img_code_id"), ImgCode: r.FormValue("img_code"),
		SmsType: openplatform.SmsTypeLogin,
	}
}

// sendSMS answers a form with 204, or with what package advice says of the failure.
func sendSMS(client *openplatform.Client) http.HandlerFunc {
	adviser := advice.Adviser{ShowPlatformMsg: true}
	return func(w http.ResponseWriter, r *http.Request) {
		_, err := client.SendSmsCode(r.Context(), readForm(r))
		if err == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		a := adviser.Of(err)
		if a.Whose == advice.WhoseSetup {
			slog.ErrorContext(r.Context(), "our own mistake", "err", err) // tell the operators
		}
		a.WriteProblem(w, advice.LanguageOf(r)) // Content-Type: application/problem+json
	}
}

// A handler that knows no error type.
func ExampleOutcomeOf_handler() {
	sb, client, stop := startSandbox()
	defer stop()
	picture, err := client.GetImgCode(context.Background())
	if err != nil {
		log.Print(err)
		return
	}
	form := "mobile=13900001111&img_code_id=" + picture.Data.ImgCodeID + "&img_code=" + sb.SolveImgCode(picture.Data.ImgCodeID)

	// The SMS is sent, and the response is lost.
	sb.Order(sandbox.Fault{Operation: sandbox.OpSendSmsCode, Times: 1, After: true, Drop: true})
	req := httptest.NewRequest(http.MethodPost, "/sms", strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	sendSMS(client)(w, req)
	var problem advice.Problem
	if err := json.NewDecoder(w.Body).Decode(&problem); err != nil {
		log.Print(err)
		return
	}
	fmt.Println(w.Code, "Retry-After:", w.Header().Get("Retry-After"))
	fmt.Println(problem.Name, problem.Action, problem.WaitSeconds)
	// Output:
	// 503 Retry-After: 60
	// outcome_unknown wait_for_sms 60
}
