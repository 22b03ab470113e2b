-- +goose Up
CREATE TABLE conversation (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  owner_user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  title         TEXT NOT NULL DEFAULT '',
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);
CREATE INDEX conversation_list ON conversation (owner_user_id, workspace_id, updated_at);

CREATE TABLE message (
  id              TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
  ordinal         BIGINT NOT NULL,
  role            TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
  -- streaming, complete, interrupted, failed or cancelled; a user's message is complete.
  state           TEXT NOT NULL CHECK (state IN ('streaming', 'complete', 'interrupted', 'failed', 'cancelled')),
  run_id          TEXT NOT NULL DEFAULT '',
  -- JSON array of UI message parts.
  parts           TEXT NOT NULL,
  model           TEXT NOT NULL DEFAULT '',
  usage           TEXT NOT NULL DEFAULT '',
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL,
  UNIQUE (conversation_id, ordinal)
);
CREATE INDEX message_run ON message (run_id);

-- +goose Down
DROP TABLE message;
DROP TABLE conversation;
