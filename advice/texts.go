package advice

import openplatform "github.com/ebaas/openplatform-go"

// noVerdict is for the operations that tell who a person is.
var noVerdict = Sentence{
	Chinese: "暂时无法确认您的登录状态，请稍后再试。您没有被登出。",
	English: "We cannot check your login at the moment. Please try again shortly. You have not been logged out.",
}

var noPicture = Sentence{
	Chinese: "图片没有取到，请重试。",
	English: "The picture did not come. Please try again.",
}

var sentences = map[Key]Sentence{
	{"", NameNotSent}: {
		Chinese: "操作没有成功，请重试。",
		English: "That did not work. Please try again.",
	},
	{"", NameUnknown}: {
		Chinese: "没有收到平台的答复，操作可能已经完成。请先确认，不要马上重复。",
		English: "No answer came, and it may have worked. Please make sure before you do it again.",
	},
	{"", NameRefused}: {
		Chinese: "操作没有成功，请检查填写的内容。",
		English: "That was refused. Please check what you entered.",
	},
	{"", NameRateLimited}: {
		Chinese: "操作过于频繁，请稍后再试。",
		English: "That was too often. Please wait, and then try again.",
	},
	{"", NameSetup}: {
		Chinese: "服务暂时不可用，请稍后再试。",
		English: "This service is not available at the moment. Please try again later.",
	},

	{"SendSmsCode", NameNotSent}: {
		Chinese: "短信没有发出，请重试。",
		English: "No SMS was sent. Please try again.",
	},
	{"SendSmsCode", NameUnknown}: {
		Chinese: "短信可能已经发出，请等待一分钟，不要马上重新获取。",
		English: "The SMS may be on its way. Please wait a minute for it before you ask for another.",
	},
	{"SendSmsCode", NameRefused}: {
		Chinese: "短信没有发出，图形验证码可能不正确，请按新图片重新输入。",
		English: "No SMS was sent: that is probably not what the picture showed. Please read the new picture.",
	},
	{"SendSmsCode", NameRateLimited}: {
		Chinese: "获取短信过于频繁。请稍等，然后按新图片重新获取。",
		English: "SMS were asked for too often. Please wait, and then read a new picture.",
	},

	{"Register", NameUnknown}: {
		Chinese: "没有收到平台的答复，账号可能已经注册成功。请尝试登录；如果不能登录，请重新获取短信验证码再注册。",
		English: "No answer came, and your account may exist. Please try to log in. If that is refused, register again with a new SMS code.",
	},
	{"Register", NameRefused}: {
		Chinese: "注册没有成功：短信验证码可能不正确或已失效，或者用户名、邮箱、手机号已被使用。",
		English: "You are not registered: the SMS code may be wrong or too old, or the username, e-mail address or phone number taken.",
	},

	{"Login", NameUnknown}: {
		Chinese: "没有收到平台的答复，请重新登录。",
		English: "No answer came. Please log in again.",
	},
	{"Login", NameRefused}: {
		Chinese: "登录没有成功，账号或密码可能不正确。",
		English: "You are not logged in: the account or the password is probably not right.",
	},

	{"LoginByMobileCode", NameUnknown}: {
		Chinese: "没有收到平台的答复，短信验证码可能已经用掉。请再试一次；如果仍不成功，请重新获取短信验证码。",
		English: "No answer came, and the SMS code may be used up. Please try once more. If that is refused, get a new SMS code.",
	},
	{"LoginByMobileCode", NameRefused}: {
		Chinese: "验证没有成功：短信验证码可能不正确或已失效，或者该手机号没有注册。",
		English: "That was refused: the SMS code may be wrong or too old, or the phone number may have no account.",
	},

	{"ResetPassword", NameUnknown}: {
		Chinese: "没有收到平台的答复，密码可能已经修改。请用新密码登录；如果不能登录，请重新操作一遍。",
		English: "No answer came, and your password may be changed. Please log in with the new one. If that is refused, start over.",
	},
	{"ResetPassword", NameRefused}: {
		Chinese: "密码没有修改。请换一个密码再试；如果仍不成功，请重新获取短信验证码。",
		English: "Your password is unchanged. Please try another one. If that is refused too, start over with a new SMS code.",
	},

	{"Activate", NameUnknown}: {
		Chinese: "没有收到平台的答复，账号可能已经激活。请登录查看。",
		English: "No answer came, and your account may be activated. Please log in to see.",
	},
	{"Activate", NameRefused}: {
		Chinese: "激活没有成功，链接可能无效或已使用。请登录，查看账号是否已激活。",
		English: "That was refused: the link may be wrong or used before. Please log in to see whether your account is activated.",
	},

	{"Logout", NameUnknown}: {
		Chinese: "没有收到平台的答复，您可能还没有退出。请再退出一次。",
		English: "No answer came, and you may still be logged in. Please log out again.",
	},
	{"Logout", NameRefused}: {
		Chinese: "登录可能早已失效，您无需再次退出。",
		English: "Your login has probably ended before. You need not log out again.",
	},

	{"GetImgCode", NameNotSent}: noPicture,
	{"GetImgCode", NameUnknown}: noPicture,

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

// The parameters that people type, as forms call them.
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

// fieldSentence asks for a better entry.
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
