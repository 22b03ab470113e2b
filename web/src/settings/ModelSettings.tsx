import { useMutation, useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX, Laptop, Send } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api } from "../api/client";
import { models } from "../api/queries";
import type { Setting } from "../api/types";
import { t, tMaybe } from "../i18n";
import { Button } from "../ui/Button";
import { ErrorState, Loading } from "../ui/Feedback";
import { Field, Segments, TextField } from "../ui/Field";
import { Section } from "./Section";
import { originText, settingHelp, settingLabel, useSettings } from "./useSettings";

/** Which model answers and where text goes for it. */
export function ModelSettings({ admin }: { admin: boolean }) {
  const info = useQuery(models);
  return (
    <>
      <Section title={t("settings.model")} lead={t("model.lead")}>
        {info.isPending ? <Loading /> : null}
        {info.isError ? <ErrorState error={info.error} compact onRetry={() => void info.refetch()} /> : null}
        {info.data ? (
          <div className={`where ${info.data.leavesMachine ? "leaves" : ""}`}>
            {info.data.leavesMachine ? <Send size={16} aria-hidden /> : <Laptop size={16} aria-hidden />}
            <div>
              <p>
                <strong>{info.data.provider === "offline" ? t("model.offline") : info.data.model || t("model.noModel")}</strong>
              </p>
              <p>
                {info.data.leavesMachine
                  ? t("model.leavesLong", { host: info.data.host ?? "" })
                  : info.data.provider === "offline"
                    ? t("model.offlineLong")
                    : t("model.localLong", { host: info.data.host ?? "" })}
              </p>
              {info.data.error ? <p className="field-error">{tMaybe(`error.${info.data.error}`) ?? info.data.error}</p> : null}
            </div>
          </div>
        ) : null}
        {admin ? null : <p className="quiet">{t("model.adminOnly")}</p>}
      </Section>
      {admin ? <Endpoint /> : null}
    </>
  );
}

const fieldsOf: Record<string, readonly string[]> = {
  offline: [],
  openai: ["OPENAI_BASE_URL", "OPENAI_API_KEY", "LLM_MODEL"],
  ollama: ["OLLAMA_BASE_URL", "LLM_MODEL"],
};

function Endpoint() {
  const { query, save, get } = useSettings(true);
  const info = useQuery(models);
  const [draft, setDraft] = useState<Record<string, string | null>>({});
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  const provider = get("LLM_PROVIDER");
  const chosen = draft["LLM_PROVIDER"] ?? (provider?.value || info.data?.provider || "offline");
  const set = (key: string, value: string | null) => setDraft((old) => ({ ...old, [key]: value }));
  const changed = Object.entries(draft).filter(([key, value]) => {
    const setting = get(key);
    return setting?.editable && (setting.secret || value !== (setting.value ?? ""));
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      Object.fromEntries(changed.map(([key, value]) => [key, value === "" ? null : value])),
      { onSuccess: () => setDraft({}) },
    );
  };
  return (
    <Section title={t("model.endpoint")}>
      <form className="stack narrow" onSubmit={submit}>
        <div className="stack tight">
          <Segments
            label={t("model.provider")}
            value={chosen}
            options={["offline", "ollama", "openai"].map((value) => ({ value, label: t(`provider.${value as "offline"}`) }))}
            onChange={(value) => provider?.editable && set("LLM_PROVIDER", value)}
          />
          <p className="quiet small">{t(`providerHelp.${chosen as "offline"}`)}</p>
          {provider && !provider.editable ? <p className="quiet small">{originText(provider)}</p> : null}
        </div>
        {(fieldsOf[chosen] ?? []).map((key) => {
          const setting = get(key);
          if (!setting) return null;
          return setting.secret ? (
            <SecretField key={key} setting={setting} draft={draft[key]} onDraft={(value) => set(key, value)} />
          ) : (
            <PlainField
              key={key}
              setting={setting}
              value={draft[key] ?? setting.value ?? ""}
              onValue={(value) => set(key, value)}
              options={key === "LLM_MODEL" ? (info.data?.models ?? []).map((model) => model.id) : []}
            />
          );
        })}
        {save.isError ? <ErrorState error={save.error} compact /> : null}
        <div className="row wrap">
          <Button type="submit" variant="primary" busy={save.isPending} disabled={changed.length === 0}>
            {t("action.save")}
          </Button>
          <TestButton disabled={changed.length > 0} />
        </div>
      </form>
    </Section>
  );
}

interface PlainFieldProps {
  setting: Setting;
  value: string;
  options: readonly string[];
  onValue: (value: string) => void;
}

function PlainField({ setting, value, options, onValue }: PlainFieldProps) {
  const id = `options-${setting.key}`;
  return (
    <>
      <TextField
        label={settingLabel(setting.key)}
        help={setting.editable ? settingHelp(setting) : originText(setting)}
        type={setting.type === "url" ? "url" : "text"}
        value={value}
        onValue={onValue}
        placeholder={setting.default}
        disabled={!setting.editable}
        spellCheck={false}
        autoComplete="off"
        {...(options.length > 0 ? { list: id } : {})}
      />
      {options.length > 0 ? (
        <datalist id={id}>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </datalist>
      ) : null}
    </>
  );
}

/** A key is only ever written: the page never gets it back, and can take it away. */
function SecretField({ setting, draft, onDraft }: { setting: Setting; draft: string | null | undefined; onDraft: (value: string | null) => void }) {
  const cleared = draft === null;
  return (
    <Field label={settingLabel(setting.key)} help={setting.editable ? settingHelp(setting) : originText(setting)}>
      {(ids) => (
        <div className="row">
          <input
            {...ids}
            className="input"
            type="password"
            autoComplete="off"
            spellCheck={false}
            disabled={!setting.editable}
            value={draft ?? ""}
            placeholder={cleared ? t("secret.willClear") : setting.isSet ? t("secret.isSet") : t("secret.notSet")}
            onChange={(event) => onDraft(event.target.value)}
          />
          {setting.isSet && setting.editable ? (
            <Button onClick={() => onDraft(cleared ? "" : null)}>{cleared ? t("secret.keep") : t("secret.clear")}</Button>
          ) : null}
        </div>
      )}
    </Field>
  );
}

function TestButton({ disabled }: { disabled: boolean }) {
  const test = useMutation({ mutationFn: () => api.post("/api/models/test") });
  return (
    <>
      <Button busy={test.isPending} disabled={disabled} onClick={() => test.mutate()} title={disabled ? t("model.saveFirst") : undefined}>
        {t("model.test")}
      </Button>
      {test.isError ? <ErrorState error={test.error} compact /> : null}
      {test.data ? (
        <div className={`test-result ${test.data.ok ? "ok" : "bad"}`} role="status">
          {test.data.ok ? <CircleCheck size={16} aria-hidden /> : <CircleX size={16} aria-hidden />}
          <div>
            <p>{test.data.message}</p>
            {test.data.sent ? <p className="quiet small">{t("model.sent", { sent: test.data.sent })}</p> : null}
          </div>
        </div>
      ) : null}
    </>
  );
}
