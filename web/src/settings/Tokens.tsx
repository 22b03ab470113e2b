import { useMutation, useQuery } from "@tanstack/react-query";
import { Copy, KeyRound } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { queryClient } from "../api/queries";
import type { Token } from "../api/types";
import { t, tn } from "../i18n";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Badge, ErrorState, Loading, Time } from "../ui/Feedback";
import { Field, Select, TextField } from "../ui/Field";
import { notify, notifyError } from "../ui/Toasts";
import { Section } from "./Section";

const queryKey = ["auth", "tokens"];
const refresh = () => queryClient.invalidateQueries({ queryKey });

export function Tokens({ admin }: { admin: boolean }) {
  const list = useQuery({ queryKey, queryFn: ({ signal }) => api.get("/api/auth/tokens", { signal }) });
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<Token>();
  const items = list.data ?? [];
  return (
    <Section title={t("tokens.title")} lead={t("tokens.lead")}>
      {list.isPending ? <Loading /> : null}
      {list.isError ? <ErrorState error={list.error} compact onRetry={() => void list.refetch()} /> : null}
      {items.length > 0 ? (
        <ul className="plain lines">
          {items.map((token) => (
            <li key={token.id} className="row">
              <div className="grow">
                <p className="row wrap">
                  {token.name}
                  {(token.scopes ?? []).map((scope) => (
                    <Badge key={scope}>{scope}</Badge>
                  ))}
                </p>
                <p className="quiet small">
                  {token.expiresAt ? (
                    <>
                      {t("tokens.expires")} <Time iso={token.expiresAt} />
                    </>
                  ) : (
                    t("tokens.never")
                  )}
                  {" · "}
                  {token.lastUsedAt ? (
                    <>
                      {t("tokens.used")} <Time iso={token.lastUsedAt} />
                    </>
                  ) : (
                    t("tokens.unused")
                  )}
                </p>
              </div>
              <Button onClick={() => setRemoving(token)}>{t("tokens.revoke")}</Button>
            </li>
          ))}
        </ul>
      ) : null}
      <div>
        <Button icon={KeyRound} onClick={() => setCreating(true)}>
          {t("tokens.create")}
        </Button>
      </div>
      {creating ? <CreateDialog admin={admin} onClose={() => setCreating(false)} /> : null}
      {removing ? <RevokeDialog token={removing} onClose={() => setRemoving(undefined)} /> : null}
    </Section>
  );
}

const lifetimes = [30, 90, 365];

function CreateDialog({ admin, onClose }: { admin: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const [days, setDays] = useState("90");
  const create = useMutation({
    mutationFn: () =>
      api.post("/api/auth/tokens", {
        body: {
          name: name.trim(),
          scopes: scope === "read" ? ["read"] : scope === "write" ? ["read", "write"] : ["read", "write", "admin"],
          ...(days === "" ? {} : { expiresInDays: Number(days) }),
        },
      }),
    onSuccess: refresh,
  });
  if (create.data) {
    const { token } = create.data;
    return (
      <Dialog title={t("tokens.made")} onClose={onClose}>
        <p>{t("tokens.once")}</p>
        <p className="row token">
          <code className="grow">{token}</code>
          <Button
            icon={Copy}
            onClick={() => void navigator.clipboard.writeText(token).then(() => notify(t("chat.copied")), notifyError)}
          >
            {t("tokens.copy")}
          </Button>
        </p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("tokens.create")}
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submitLabel={t("tokens.create")}
      submitDisabled={name.trim() === ""}
      busy={create.isPending}
    >
      <TextField label={t("tokens.name")} help={t("tokens.nameHelp")} value={name} onValue={setName} autoFocus />
      <Field label={t("tokens.may")}>
        {(ids) => (
          <Select {...ids} value={scope} onValue={setScope}>
            <option value="read">{t("tokens.read")}</option>
            <option value="write">{t("tokens.write")}</option>
            {admin ? <option value="admin">{t("tokens.admin")}</option> : null}
          </Select>
        )}
      </Field>
      <Field label={t("tokens.lifetime")}>
        {(ids) => (
          <Select {...ids} value={days} onValue={setDays}>
            {lifetimes.map((n) => (
              <option key={n} value={n}>
                {tn("tokens.days", n)}
              </option>
            ))}
            <option value="">{t("tokens.never")}</option>
          </Select>
        )}
      </Field>
      {create.isError ? <ErrorState error={create.error} compact /> : null}
    </Dialog>
  );
}

function RevokeDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const revoke = useMutation({
    mutationFn: () => api.delete("/api/auth/tokens/{id}", { path: { id: token.id } }),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  return (
    <Dialog
      title={t("tokens.revokeTitle", { name: token.name })}
      onClose={onClose}
      onSubmit={() => revoke.mutate()}
      submitLabel={t("tokens.revoke")}
      danger
      busy={revoke.isPending}
    >
      <p>{t("tokens.revokeLead")}</p>
      {revoke.isError ? <ErrorState error={revoke.error} compact /> : null}
    </Dialog>
  );
}
