package advice

import openplatform "github.com/ebaas/openplatform-go"

// noVerdict is for the operations of the single sign-on.
var noVerdict = Sentence{
	Chinese: "暂时无法确认您的登录状态，请稍后再试。您的登录不受影响。",
	English: "We cannot check your login at the moment. Please try again shortly. You have not been logged out.",
}

var noPicture = Sentence{
	Chinese: "图形验证码加载失败，请重试。",
	English: "The picture could not be loaded. Please try again.",
}

var unavailable = Sentence{
	Chinese: "服务暂时不可用，请稍后再试。",
	English: "This service is not available at the moment. Please try again later.",
}

var sentences = map[Key]Sentence{
	{"", NameNotSent}: {
		Chinese: "操作未成功，请重试。",
		English: "The operation did not succeed. Please try again.",
	},
	{"", NameUnknown}: {
		Chinese: "未收到平台响应，操作可能已经完成。请先确认结果，不要立即重复操作。",
		English: "There was no response, and the operation may have succeeded. Please check before you try again.",
	},
	{"", NameRefused}: {
		Chinese: "操作未成功，请检查填写的内容。",
		English: "Your request was refused. Please check what you entered.",
	},
	{"", NameRateLimited}: {
		Chinese: "操作过于频繁，请稍后再试。",
		English: "Too many requests. Please wait and then try again.",
	},
	{"", NameSetup}: unavailable,

	{"SendSmsCode", NameNotSent}: {
		Chinese: "短信未发出，请重试。",
		English: "No SMS was sent. Please try again.",
	},
	{"SendSmsCode", NameUnknown}: {
		Chinese: "短信可能已发出，请等待一分钟，不要立即重新获取。",
		English: "The SMS may have been sent. Please wait one minute before you request another.",
	},
	{"SendSmsCode", NameRefused}: {
		Chinese: "短信未发出，图形验证码可能有误，请输入新图片中的字符。",
		English: "No SMS was sent. The characters of the picture are probably wrong. Please read the new picture.",
	},
	{"SendSmsCode", NameRateLimited}: {
		Chinese: "获取短信过于频繁，请稍后输入新的图形验证码再获取。",
		English: "Too many SMS requests. Please wait, and then read a new picture.",
	},

	{"Register", NameUnknown}: {
		Chinese: "未收到平台响应，账号可能已注册成功。请尝试登录；如无法登录，请重新获取短信验证码再注册。",
		English: "There was no response, and your account may exist. Please try to log in. If you cannot, register again with a new SMS code.",
	},
	{"Register", NameRefused}: {
		Chinese: "注册未成功：短信验证码可能有误或已失效，或者用户名、邮箱、手机号已被使用。",
		English: "Registration failed. The SMS code may be wrong or expired, or the username, e-mail address or phone number may be in use.",
	},

	{"Login", NameUnknown}: {
		Chinese: "未收到平台响应，请重新登录。",
		English: "There was no response. Please log in again.",
	},
	{"Login", NameRefused}: {
		Chinese: "登录未成功，账号或密码可能有误。",
		English: "Login failed. The account or the password may be wrong.",
	},

	{"LoginByMobileCode", NameUnknown}: {
		Chinese: "未收到平台响应，短信验证码可能已被使用。请再试一次；如仍未成功，请重新获取短信验证码。",
		English: "There was no response, and the SMS code may have been used. Please try once more. If it fails, get a new SMS code.",
	},
	{"LoginByMobileCode", NameRefused}: {
		Chinese: "验证未成功：短信验证码可能有误或已失效，或者该手机号尚未注册。",
		English: "Verification failed. The SMS code may be wrong or expired, or the phone number may have no account.",
	},

	{"ResetPassword", NameUnknown}: {
		Chinese: "未收到平台响应，密码可能已修改。请用新密码登录；如无法登录，请重新操作。",
		English: "There was no response, and your password may have changed. Please log in with the new one. If you cannot, start over.",
	},
	{"ResetPassword", NameRefused}: {
		Chinese: "密码未修改。请换一个密码再试；如仍未成功，请重新获取短信验证码。",
		English: "Your password was not changed. Please try another one. If it fails too, start over with a new SMS code.",
	},

	{"Activate", NameUnknown}: {
		Chinese: "未收到平台响应，账号可能已激活。请登录查看。",
		English: "There was no response, and your account may be activated. Please log in to check.",
	},
	{"Activate", NameRefused}: {
		Chinese: "激活未成功，链接可能无效或已使用。请登录查看账号是否已激活。",
		English: "Activation failed. The link may be invalid or already used. Please log in to check whether your account is activated.",
	},

	{"Logout", NameUnknown}: {
		Chinese: "未收到平台响应，您可能尚未退出登录。请再退出一次。",
		English: "There was no response, and you may still be logged in. Please log out again.",
	},
	{"Logout", NameRefused}: {
		Chinese: "登录可能已失效，您无需再次退出。",
		English: "Your login has probably expired already. You do not need to log out again.",
	},

	{"GetImgCode", NameNotSent}: noPicture,
	{"GetImgCode", NameUnknown}: noPicture,
	{"GetImgCode", NameRefused}: unavailable, // the person has entered nothing that could be wrong

	{"CheckToken", NameNotSent}:           noVerdict,
	{"CheckToken", NameUnknown}:           noVerdict,
	{"CheckToken", NameRefused}:           noVerdict,
	{"CheckToken", NameRateLimited}:       noVerdict,
	{"GetAccessToken", NameNotSent}:       noVerdict,
	{"GetAccessToken", NameUnknown}:       noVerdict,
	{"GetAccessToken", NameRefused}:       noVerdict,
	{"GetAccessToken", NameRateLimited}:   noVerdict,
	{"GetServiceTicket", NameNotSent}:     noVerdict,
	{"GetServiceTicket", NameUnknown}:     noVerdict,
	{"GetServiceTicket", NameRefused}:     noVerdict,
	{"GetServiceTicket", NameRateLimited}: noVerdict,
	{"GetAccount", NameNotSent}:           noVerdict,
	{"GetAccount", NameUnknown}:           noVerdict,
	{"GetAccount", NameRefused}:           noVerdict,
	{"GetAccount", NameRateLimited}:       noVerdict,
}

// fieldNames are the parameters that people type, as a form names them.
var fieldNames = map[string]Sentence{
	"username": {"用户名", "the username"},
	"email":    {"邮箱", "the e-mail address"},
	"mobile":   {"手机号", "the phone number"},
	"code":     {"短信验证码", "the SMS code"},
	"password": {"密码", "the password"},
	"account":  {"账号", "the account"},
	"img_code": {"图形验证码", "the characters of the picture"},
	"token":    {"激活码", "the activation code"},
}

// fieldSentence asks the person to correct a field.
func fieldSentence(field string, violation openplatform.Violation) Sentence {
	name := fieldNames[field]
	switch violation {
	case openplatform.ViolationRequired:
		return Sentence{"请填写" + name.Chinese + "。", "Please enter " + name.English + "."}
	case openplatform.ViolationTooShort:
		return Sentence{name.Chinese + "太短，请修改。", "Please correct " + name.English + ": it is too short."}
	case openplatform.ViolationTooLong:
		return Sentence{name.Chinese + "太长，请修改。", "Please correct " + name.English + ": it is too long."}
	default:
		return Sentence{"请修改" + name.Chinese + "。", "Please correct " + name.English + "."}
	}
}
