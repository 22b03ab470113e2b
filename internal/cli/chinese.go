package cli

import "github.com/innoclaw/innoclaw/internal/phrase"

// chinese gives what commands say. A test compares its keys with the sources.
func chinese() phrase.Table {
	return phrase.Table{
		"innoclaw: stopped":                             "innoclaw：已停止",
		"See: innoclaw help":                            "参见：innoclaw help",
		"Warning:":                                      "警告：",
		"there is no command %q":                        "没有命令 %q",
		"there is no command %q; did you mean %s?":      "没有命令 %q；是不是 %s？",
		"there is no flag %q":                           "没有选项 %q",
		"the flag --%s needs a value":                   "选项 --%s 需要一个值",
		"%q does not fit the flag --%s":                 "%q 不适用于选项 --%s",
		"expected %s":                                   "需要：%s",
		"%q is too much: this command takes flags only": "多余的 %q：此命令只接受选项",

		"one question in quotes":                 "一个带引号的问题",
		"give a question of at most %d bytes":    "问题不能为空，且不超过 %d 字节",
		"answer the question: %w":                "回答问题：%w",
		"verified":                               "已核实",
		"located: not a quote":                   "已定位：非原文引用",
		"the file has changed since":             "文件此后已更改",
		"does not stand there":                   "原文中没有",
		"Searched %d files. What comes closest:": "已搜索 %d 个文件。最接近的内容：",
		"%s, page %d":                            "%s，第 %d 页",

		"give either words or --batch FILE": "请给出搜索词，或 --batch FILE，二选一",
		"-k takes a number from 1 to %d":    "-k 取 1 到 %d 的数",
		"put the words in quotes: %q":       "请把搜索词放在引号里：%q",
		"read queries: %w":                  "读取查询：%w",
		"read queries: line %d: %w":         "读取查询：第 %d 行：%w",
		"search for %q: %w":                 "搜索 %q：%w",
		"Nothing found in %d files.":        "在 %d 个文件中没有找到。",

		"give the folder with --folder":                  "请用 --folder 给出文件夹",
		"there is no folder %s":                          "没有文件夹 %s",
		"open the folder: %w":                            "打开文件夹：%w",
		"%s is not a folder; give the folder it lies in": "%s 不是文件夹；请给出它所在的文件夹",
		"read the folder %s: %w":                         "读取文件夹 %s：%w",
		"reading files: %d of %d":                        "正在读取文件：%d / %d",

		"InnoClaw is ready: %s":                                 "InnoClaw 已就绪：%s",
		"Make the first account with this link; it works once:": "请用此链接创建第一个账户；链接只能使用一次：",

		"ok":      "正常",
		"WARNING": "警告",
		"PROBLEM": "问题",
		"InnoClaw cannot be used yet. Problems: %d, warnings: %d.": "InnoClaw 还不能使用。问题 %d 个，警告 %d 个。",
		"InnoClaw can be used. Warnings: %d.":                      "InnoClaw 可以使用。警告 %d 个。",
		"All is well.":                                             "一切正常。",
		"Correct it where it is set.":                              "请在设置它的地方改正。",
		"(set, not shown)":                                         "（已设置，不显示）",
		"flag":                                                     "选项",
		"environment":                                              "环境变量",
		"set in the browser":                                       "在浏览器中设置",
		"default":                                                  "默认",

		"Made the account of %s (%s).":     "已创建账户 %s（%s）。",
		"the new account's e-mail address": "新账户的电子邮件地址",
		"the account's e-mail address":     "账户的电子邮件地址",
		"E-MAIL\tNAME\tROLE\tSTATE":        "电子邮件\t姓名\t角色\t状态",
		"active":                           "启用",
		"disabled":                         "已停用",
		"Changed the password of %s; all sessions have ended.": "已更改 %s 的密码；所有会话都已结束。",
		"Disabled %s.":             "已停用 %s。",
		"account %s: %w":           "账户 %s：%w",
		"Password: ":               "密码：",
		"Again: ":                  "再次输入：",
		"read password: %w":        "读取密码：%w",
		"the two passwords differ": "两次输入的密码不同",
		"give the password as a line on standard input": "请在标准输入中用一行给出密码",

		"give --user and --name":             "请给出 --user 和 --name",
		"give --user":                        "请给出 --user",
		"--days takes a number from 0 to %d": "--days 取 0 到 %d 的数",
		"Token %s of %s, scopes %s. Keep it safe: it is not shown again.": "%[2]s 的令牌 %[1]s，权限范围 %[3]s。请妥善保管：不会再次显示。",
		"ID\tNAME\tSCOPES\tEXPIRES":                                       "ID\t名称\t权限范围\t到期",
		"never":                                                           "永不",
		"the token's id, see innoclaw token list":                         "令牌的 ID，见 innoclaw token list",
		"Revoked.": "已撤销。",

		"innoclaw %s (commit %s, %s)":                        "innoclaw %s（提交 %s，%s）",
		"Line %s; only the newest line gets security fixes.": "版本线 %s；只有最新的版本线会得到安全修复。",
	}
}

// messages are texts of other packages for people, which come as errors.
func messages() phrase.Table {
	return phrase.Table{
		"Missing e-mail address.":                                   "缺少电子邮件地址。",
		"This is not an e-mail address.":                            "这不是电子邮件地址。",
		"Email is already registered.":                              "该电子邮件地址已注册。",
		"User not found.":                                           "没有这个用户。",
		"Not found.":                                                "没有找到。",
		"Cannot remove the last active administrator.":              "不能移除最后一个启用的管理员。",
		"Password must be at least 8 characters.":                   "密码至少要有 8 个字符。",
		"Password must be valid text.":                              "密码必须是有效的文本。",
		"Scopes are read, write and admin; give at least one.":      "权限范围有 read、write 和 admin；请至少给出一个。",
		"Only administrators can have tokens with the scope admin.": "只有管理员的令牌可以有 admin 权限。",

		"The model provider refused the API key. Check the key in the settings.":                                                                               "模型服务拒绝了 API 密钥。请在设置中检查密钥。",
		"The model provider's quota is used up. Add credit there, or choose another provider in the settings.":                                                 "模型服务的额度已用完。请充值，或在设置中选择其他服务。",
		"The model provider asks to slow down. Wait a moment and ask again.":                                                                                   "模型服务要求放慢速度。请稍等再提问。",
		"The question with its passages is longer than this model takes. Ask more briefly, start a new conversation, or choose a model with a larger context.": "问题连同引用的段落超出了此模型的长度。请问得更简短、开始新的对话，或选择上下文更长的模型。",
		"The model provider refused to answer this.":                                                                                                           "模型服务拒绝回答这个问题。",
		"The model provider is overloaded or has a fault. Try again in a moment.":                                                                              "模型服务过载或出现故障。请稍后再试。",
		"The model provider could not be reached, or the connection broke. Check the address in the settings and that the server runs.":                        "无法连接模型服务，或连接中断。请检查设置中的地址以及服务器是否在运行。",
		"The model address answered with something that is not a model's answer. Check the base URL in the settings.":                                          "模型地址返回的不是模型的回答。请检查设置中的基础地址。",
		"The provider does not know this model or address. Choose another model in the settings.":                                                              "模型服务不认识这个模型或地址。请在设置中选择其他模型。",
		"The model provider rejected the request.":                                                                                                             "模型服务拒绝了请求。",
	}
}
