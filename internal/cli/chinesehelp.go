package cli

import "github.com/innoclaw/innoclaw/internal/phrase"

// chineseHelp gives the help texts.
func chineseHelp() phrase.Table {
	return phrase.Table{
		"Usage:":                  "用法：",
		"Commands:":               "命令：",
		"Examples:":               "示例：",
		"Flags:":                  "选项：",
		"Flags of every command:": "所有命令的选项：",
		"More about a command: %s COMMAND --help":                "某个命令的详细说明：%s COMMAND --help",
		"Explain a command":                                      "说明一个命令",
		"explain this command":                                   "说明此命令",
		"A research workspace on your own server":                "你自己服务器上的研究工作区",
		"the data folder `DIR` (default: DATA_DIR, else ./data)": "数据文件夹 `DIR`（默认：DATA_DIR，否则 ./data）",
		"print JSON": "输出 JSON",

		"Answer a question from a folder's files, without a server":   "根据文件夹中的文件回答问题，无需服务器",
		"Find passages in a folder, without a server":                 "在文件夹中查找段落，无需服务器",
		"Check this installation and say how to mend what is wrong":   "检查此安装，并说明如何解决问题",
		"Print the description of the HTTP API (OpenAPI 3.1)":         "输出 HTTP API 的描述（OpenAPI 3.1）",
		"Start the server and its web application":                    "启动服务器及其网页应用",
		"Tell which build this is and whether it gets security fixes": "显示版本，以及它是否得到安全修复",
		"Manage accounts":   "管理账户",
		"Manage API tokens": "管理 API 令牌",

		"the folder `DIR` to look into":                                       "要查看的文件夹 `DIR`",
		"forget the folder's index in the cache first":                        "先丢弃缓存中该文件夹的索引",
		"read queries from `FILE`, one a line; print JSON lines":              "从 `FILE` 读取查询，每行一个；按行输出 JSON",
		"passages per query, `N` (default 10)":                                "每个查询返回的段落数 `N`（默认 10）",
		"at most one passage of each file":                                    "每个文件最多一个段落",
		"list every setting with its value and where it came from":            "列出所有设置、它们的值和来源",
		"address and port `HOST:PORT` (default: LISTEN, else 127.0.0.1:3000)": "地址和端口 `HOST:PORT`（默认：LISTEN，否则 127.0.0.1:3000）",

		"Make an account; the password is read from the terminal or standard input": "创建账户；密码从终端或标准输入读取",
		"the `NAME` to show (default: from the address)":                            "显示的名称 `NAME`（默认取自地址）",
		"make an administrator":                             "设为管理员",
		"List the accounts":                                 "列出账户",
		"Set a new password and end the account's sessions": "设置新密码并结束该账户的会话",
		"Disable an account, its sessions and tokens; a running server follows within two seconds": "停用账户及其会话和令牌；运行中的服务器两秒内生效",
		"Make a token and print it; it is never shown again":                                       "创建令牌并输出；之后不再显示",
		"the account's address `EMAIL`":                                                            "账户的地址 `EMAIL`",
		"what the token is for, its `NAME`":                                                        "令牌的用途，即名称 `NAME`",
		"`SCOPE` read, write or admin; may be given several times (default read)":                  "权限范围 `SCOPE`：read、write 或 admin；可多次给出（默认 read）",
		"`DAYS` until it expires; 0 means never (default 0)":                                       "有效天数 `DAYS`；0 表示永不过期（默认 0）",
		"List an account's tokens":                                                                 "列出账户的令牌",
		"End a token; a running server follows within two seconds":                                 "撤销令牌；运行中的服务器两秒内生效",

		rootHelp: `InnoClaw 根据文件夹中的文件回答问题，并对照原文核实每一处引用。

  innoclaw serve                          启动服务器及其网页应用
  innoclaw ask --folder DIR "问题"        直接得到一个答案，无需服务器
  innoclaw search --folder DIR "词语"     查找段落，无需服务器
  innoclaw doctor                         检查此安装

设置依次取自选项、环境变量和 .env.local。

退出码：0 完成，1 失败，2 用法错误，3 没有得到支持的答案。`,
		askHelp: `根据文件夹中的文件回答一个问题。每处引用都已在原文中核对。没有配置模型时
（LLM_PROVIDER，见 .env.example），答案由引文组成，任何内容都不会离开这台机器。

使用 --json 时输出一个对象：

  {"answer","model","supported","citations":[{"id","path","page","line","start","end",
   "quote","state","contentHash"}],"searched":{"files","passages","paths"}}

答案中的引用写作 [^c1]。start 和 end 按文件提取文本的字符计数；quote 是该处的原文；
没有页的文件 page 为 0。文件夹中没有内容支持答案时，退出码为 3。`,
		searchHelp: `查找文件夹中与词语最相符的段落。第一次调用会读取整个文件夹；之后只读取有变化的文件。

使用 --batch 时，FILE 的每一行是一个查询（“-” 表示标准输入），并按同样的顺序各输出一行
JSON：

  {"query":"…","hits":[{"path":"a.md","score":7.1,"start":0,"end":512,"line":1,"page":0}]}

start 和 end 按文件提取文本的字符计数；line 和 page 从 1 开始，没有页的文件 page 为 0。`,
		doctorHelp: `检查设置、文件夹及其权限、磁盘、数据库、地址、时钟、内核提供的功能，以及能否连接所配置的
模型服务（不会发送问题或文本）。不做任何更改。只有 InnoClaw 可以使用时退出码才为 0。

使用 --settings 还会列出所有设置、它们的值和来源；不显示密钥。`,
		serveHelp: `启动 InnoClaw 并提供网页应用，直到收到 SIGINT 或 SIGTERM。

还没有账户时，会输出一个一次性链接，用来创建第一个账户。没有设置 WORKSPACE_ROOTS 时，
会在数据文件夹中打开一个示例研究。`,
		userHelp: `管理数据文件夹的数据库中的账户。无论服务器是否在运行都可以使用，只要能读取数据文件夹。`,
		tokenHelp: `管理 API 令牌。令牌让程序在权限范围内以某个账户的身份工作：read、write 或 admin。
请以 "Authorization: Bearer TOKEN" 发送。`,
	}
}
