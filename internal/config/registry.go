package config

// Type tells how a setting's text is read.
type Type string

// The types of settings.
const (
	String Type = "string"
	Enum   Type = "enum"
	Int    Type = "int"
	URL    Type = "url"
	List   Type = "list" // comma-separated
	Secret Type = "secret"
)

// Setting describes one configuration value: its name in the environment and in
// the database, and what may stand there.
type Setting struct {
	Key      string
	Type     Type
	Default  string
	Options  []string // of an Enum
	Min, Max int64    // of an Int
	// Editable settings can be changed while the server runs, by an admin; the
	// others are read at start from flags, the environment and the file only.
	Editable bool
	Help     string
}

// registry lists every setting in the order in which it is shown.
func registry() []Setting {
	return []Setting{
		{Key: "LISTEN", Type: String, Default: "127.0.0.1:3000", Help: "Address and port to listen on. Flag --listen."},
		{Key: "PORT", Type: Int, Default: "3000", Min: 1, Max: 65535, Help: "Port to listen on, when LISTEN is not given."},
		{Key: "ALLOWED_HOSTS", Type: List, Help: "Host names under which the server may be reached besides the loopback names, comma-separated."},
		{Key: "DATA_DIR", Type: String, Default: "data", Help: "Folder of the database, keys and caches. Flag --data."},
		{Key: "DATABASE_URL", Type: String, Help: "Path of the SQLite database (default: innoclaw.db in the data folder) or a postgres:// URL."},
		{Key: "WORKSPACE_ROOTS", Type: List, Help: "Folders in which workspaces may lie, comma-separated. Default: a folder of samples in the data folder."},
		{Key: "AUTH_MODE", Type: Enum, Default: "local", Options: []string{"local", "disabled"}, Help: "local: accounts with passwords. disabled: everyone who reaches the port is the administrator; loopback only."},
		{Key: "LOG_LEVEL", Type: Enum, Default: "info", Options: []string{"debug", "info", "warn", "error"}, Help: "How much is logged."},
		{Key: "LLM_PROVIDER", Type: Enum, Options: []string{"offline", "openai", "ollama"}, Editable: true, Help: "Who answers: offline quotes the files without a model, openai is any OpenAI-compatible server, ollama a local Ollama. Default: offline, unless an OpenAI key or address is set."},
		{Key: "LLM_MODEL", Type: String, Editable: true, Help: "Name of the model."},
		{Key: "OPENAI_API_KEY", Type: Secret, Editable: true, Help: "Key of the OpenAI-compatible server. It is sent to OPENAI_BASE_URL's host only."},
		{Key: "OPENAI_BASE_URL", Type: URL, Default: "https://api.openai.com/v1", Editable: true, Help: "Address of the OpenAI-compatible server, up to and including /v1."},
		{Key: "OLLAMA_BASE_URL", Type: URL, Default: "http://127.0.0.1:11434", Editable: true, Help: "Address of the Ollama server."},
		{Key: "REGISTRATION", Type: Enum, Default: "closed", Options: []string{"closed", "open"}, Editable: true, Help: "Whether people may make accounts for themselves."},
		{Key: "UPLOAD_MAX_BYTES", Type: Int, Default: "1073741824", Min: 1 << 10, Max: 1 << 40, Editable: true, Help: "Largest file that may be uploaded, in bytes."},
		{Key: "INDEX_MAX_FILE_BYTES", Type: Int, Default: "104857600", Min: 1 << 10, Max: 1 << 32, Editable: true, Help: "Larger files are listed, but not indexed, in bytes."},
		{Key: "TRASH_DAYS", Type: Int, Default: "30", Min: 1, Max: 3650, Editable: true, Help: "Days after which deleted files leave the trash."},
		{Key: "HTTP_PROXY", Type: String, Help: "Proxy for outgoing http requests."},
		{Key: "HTTPS_PROXY", Type: String, Help: "Proxy for outgoing https requests."},
		{Key: "NO_PROXY", Type: String, Help: "Hosts that are reached without the proxy."},
	}
}

// reserved are variables of earlier InnoClaw versions that are accepted without a
// warning although nothing reads them in this version.
func reserved() []string {
	return []string{
		"AUTH_SECRET", "NEXTAUTH_SECRET", "WORKSPACE_ROOTS_MAX_ENTRIES", "AGENT_MAX_STEPS",
		"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "GEMINI_API_KEY", "GEMINI_BASE_URL",
		"SHLAB_API_KEY", "SHLAB_BASE_URL", "QWEN_API_KEY", "QWEN_BASE_URL",
		"MOONSHOT_API_KEY", "MOONSHOT_BASE_URL", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL",
		"MINIMAX_API_KEY", "MINIMAX_BASE_URL", "ZHIPU_API_KEY", "ZHIPU_BASE_URL",
		"EMBEDDING_API_KEY", "EMBEDDING_BASE_URL", "EMBEDDING_MODEL",
		"GITHUB_TOKEN", "HF_TOKEN", "HF_DATASETS_PATH", "HF_MIRROR", "SCP_HUB_API_KEY", "CLAWHUB_API_BASE",
		"FEISHU_BOT_ENABLED", "FEISHU_APP_ID", "FEISHU_APP_SECRET", "FEISHU_VERIFICATION_TOKEN", "FEISHU_ENCRYPT_KEY",
		"FEISHU_PUSH_SECRET", "FEISHU_LOG_LEVEL",
		"WECHAT_BOT_ENABLED", "WECHAT_CORP_ID", "WECHAT_CORP_SECRET", "WECHAT_TOKEN", "WECHAT_ENCODING_AES_KEY", "WECHAT_AGENT_ID",
		"KUBECONFIG_PATH", "KUBECONFIG_CONTEXT_A3", "KUBECONFIG_CONTEXT_MUXI", "K8S_SUBMITTER", "K8S_IMAGE_PULL_SECRET",
		"K8S_MOUNT_USER", "K8S_PVC_AI4S", "K8S_PVC_USER", "K8S_PVC_AI4S_A2", "K8S_MUXI_DEFAULT_IMAGE", "K8S_MUXI_PVC_AI4S",
		"K8S_MUXI_PVC_USER", "K8S_MUXI_PVC_AI4S_A2", "INNOCLAW_BASE_URL", "HOST_WORKSPACE_PATH", "HOSTNAME", "NODE_ENV", "NEXT_BUILD_DIR",
	}
}
