import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { capabilities } from "../api/queries";
import type { Setting } from "../api/types";
import { t } from "../i18n";
import { bytes } from "../i18n/format";
import { Button } from "../ui/Button";
import { ErrorState, Loading } from "../ui/Feedback";
import { TextField } from "../ui/Field";
import { Section } from "./Section";
import { originText, settingHelp, settingLabel, useSettings } from "./useSettings";

const limits = ["UPLOAD_MAX_BYTES", "INDEX_MAX_FILE_BYTES", "TRASH_DAYS"];

export function System({ admin }: { admin: boolean }) {
  const { data } = useQuery(capabilities);
  const { query, save, list, get } = useSettings(admin);
  return (
    <>
      <Section title={t("settings.about")}>
        <dl className="facts">
          <dt>{t("about.version")}</dt>
          <dd className="mono">{data?.version ?? "…"}</dd>
          <dt>{t("about.roots")}</dt>
          <dd className="mono">{(data?.roots ?? []).map((root) => root.name).join(", ") || "…"}</dd>
          <dt>{t("about.licence")}</dt>
          <dd>Apache-2.0</dd>
        </dl>
      </Section>
      {query.isError ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null}
      {admin && query.isPending ? <Loading /> : null}
      {list.length > 0 ? (
        <>
          <Section title={t("settings.limits")}>
            {limits.map((key) => {
              const setting = get(key);
              return setting ? <LimitField key={`${key}${setting.value}`} setting={setting} busy={save.isPending} onSave={(value) => save.mutate({ [key]: value })} /> : null;
            })}
            {save.isError ? <ErrorState error={save.error} compact /> : null}
          </Section>
          <Section title={t("settings.effective")} lead={t("settings.effectiveLead")}>
            {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
            <div className="table-scroll" tabIndex={0} role="group" aria-label={t("settings.effective")}>
              <table className="values">
                <thead>
                  <tr>
                    <th scope="col">{t("settings.key")}</th>
                    <th scope="col">{t("settings.value")}</th>
                    <th scope="col">{t("settings.origin")}</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((setting) => (
                    <tr key={setting.key}>
                      <th scope="row" className="mono" title={settingHelp(setting)}>
                        {setting.key}
                      </th>
                      <td className="mono">{setting.secret ? (setting.isSet ? "••••••" : "") : setting.value}</td>
                      <td className="quiet">{originText(setting)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Section>
        </>
      ) : null}
    </>
  );
}

function LimitField({ setting, busy, onSave }: { setting: Setting; busy: boolean; onSave: (value: string | null) => void }) {
  const [value, setValue] = useState(setting.value ?? "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave(value.trim() === "" ? null : value.trim());
  };
  const size = setting.key.endsWith("_BYTES") && /^\d+$/.test(value) ? ` ${bytes(Number(value))}.` : "";
  return (
    <form className="inline-form" onSubmit={submit}>
      <TextField
        label={settingLabel(setting.key)}
        help={`${setting.editable ? settingHelp(setting) : originText(setting)}${size}`}
        inputMode="numeric"
        value={value}
        onValue={setValue}
        placeholder={setting.default}
        disabled={!setting.editable}
      />
      <Button type="submit" disabled={!setting.editable || value === (setting.value ?? "")} busy={busy}>
        {t("action.save")}
      </Button>
    </form>
  );
}
