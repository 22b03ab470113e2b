import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { me } from "../api/queries";
import { t } from "../i18n";
import { type SettingsSection, settingsSections } from "../router";
import { Account } from "../settings/Account";
import { ModelSettings } from "../settings/ModelSettings";
import { Section } from "../settings/Section";
import { System } from "../settings/System";
import { Users } from "../settings/Users";
import { LanguageChoice, ThemeChoice } from "../shell/Preferences";
import { Rail } from "../shell/Rail";
import { Loading } from "../ui/Feedback";
import "../settings/settings.css";

const forAdmins = new Set<SettingsSection>(["users"]);

export default function Settings() {
  const params = useParams({ from: "/inside/settings/{-$section}" });
  const { data } = useQuery(me);
  if (!data) return <Loading />;
  const admin = data.user.role === "admin";
  const shown = settingsSections.filter((section) => admin || !forAdmins.has(section));
  const section = shown.find((one) => one === params.section) ?? "account";
  return (
    <div className="shell">
      <Rail />
      <div className="shell-main settings">
        <nav aria-label={t("rail.settings")}>
          <h1>{t("rail.settings")}</h1>
          <ul className="plain">
            {shown.map((one) => (
              <li key={one}>
                <Link to="/settings/{-$section}" params={{ section: one }} aria-current={one === section ? "page" : undefined}>
                  {t(`settings.${one}`)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <main>
          {section === "account" ? <Account me={data} /> : null}
          {section === "appearance" ? <Appearance /> : null}
          {section === "model" ? <ModelSettings admin={admin} /> : null}
          {section === "users" ? <Users me={data} /> : null}
          {section === "system" ? <System admin={admin} /> : null}
        </main>
      </div>
    </div>
  );
}

function Appearance() {
  return (
    <Section title={t("settings.appearance")} lead={t("settings.appearanceLead")}>
      <div className="stack">
        <h3>{t("preference.language")}</h3>
        <div>
          <LanguageChoice />
        </div>
        <h3>{t("preference.theme")}</h3>
        <div>
          <ThemeChoice />
        </div>
      </div>
    </Section>
  );
}
