import { useMutation, useQuery } from "@tanstack/react-query";
import { Ellipsis, KeyRound, Shield, Trash2, UserCheck, UserPlus, UserX } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { queryClient } from "../api/queries";
import type { Me, User } from "../api/types";
import { t } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Badge, ErrorState, Loading, Time } from "../ui/Feedback";
import { Field, Select, Switch, TextField } from "../ui/Field";
import { Menu } from "../ui/Menu";
import { notify, notifyError } from "../ui/Toasts";
import { Section } from "./Section";
import { originText, useSettings } from "./useSettings";

const queryKey = ["admin", "users"];
const refresh = () => queryClient.invalidateQueries({ queryKey });

export function Users({ me }: { me: Me }) {
  const { save, get } = useSettings(true);
  const registration = get("REGISTRATION");
  const list = useQuery({ queryKey, queryFn: ({ signal }) => api.get("/api/admin/users", { signal }), enabled: !me.isAuthDisabled });
  const [creating, setCreating] = useState(false);
  if (me.isAuthDisabled) {
    return (
      <Section title={t("settings.users")} lead={t("account.disabledLead")}>
        {null}
      </Section>
    );
  }
  const users = list.data?.users ?? [];
  return (
    <>
      <Section title={t("users.registration")} lead={t("users.registrationLead")}>
        <Switch
          label={t("users.registrationOpen")}
          checked={(save.isPending ? save.variables["REGISTRATION"] : registration?.value) === "open"}
          disabled={!registration?.editable || save.isPending}
          onChange={(open) => save.mutate({ REGISTRATION: open ? "open" : "closed" }, { onError: notifyError })}
        />
        {registration && !registration.editable ? <p className="quiet small">{originText(registration)}</p> : null}
      </Section>
      <Section title={t("settings.users")}>
        {list.isPending ? <Loading /> : null}
        {list.isError ? <ErrorState error={list.error} compact onRetry={() => void list.refetch()} /> : null}
        <ul className="plain lines">
          {users.map((user) => (
            <UserRow key={user.id} user={user} self={user.id === me.user.id} all={users} />
          ))}
        </ul>
        <div>
          <Button icon={UserPlus} onClick={() => setCreating(true)}>
            {t("users.create")}
          </Button>
        </div>
      </Section>
      {creating ? <CreateDialog onClose={() => setCreating(false)} /> : null}
    </>
  );
}

function UserRow({ user, self, all }: { user: User; self: boolean; all: readonly User[] }) {
  const [dialog, setDialog] = useState<"password" | "delete">();
  const change = useMutation({
    mutationFn: (body: { role?: "admin" | "user"; isActive?: boolean }) =>
      api.patch("/api/admin/users", { body: { userId: user.id, ...body } }),
    onSuccess: refresh,
    onError: notifyError,
  });
  const admin = user.role === "admin";
  return (
    <li className="row">
      <div className="grow">
        <p className="row wrap">
          {user.name}
          <Badge tone={admin ? "accent" : "neutral"}>{t(`role.${user.role}`)}</Badge>
          {user.isActive ? null : <Badge tone="amber">{t("users.suspended")}</Badge>}
        </p>
        <p className="quiet small">
          {user.email} · {user.lastLoginAt ? <Time iso={user.lastLoginAt} /> : t("users.neverSeen")}
        </p>
      </div>
      <Menu
        trigger={<IconButton icon={Ellipsis} label={t("home.more", { name: user.name })} />}
        groups={[
          [
            {
              label: admin ? t("users.makeUser") : t("users.makeAdmin"),
              icon: Shield,
              onSelect: () => change.mutate({ role: admin ? "user" : "admin" }),
            },
            { label: t("users.setPassword"), icon: KeyRound, onSelect: () => setDialog("password") },
          ],
          self
            ? []
            : [
                {
                  label: user.isActive ? t("users.suspend") : t("users.resume"),
                  icon: user.isActive ? UserX : UserCheck,
                  onSelect: () => change.mutate({ isActive: !user.isActive }),
                },
                { label: t("users.delete"), icon: Trash2, danger: true, onSelect: () => setDialog("delete") },
              ],
        ]}
      />
      {dialog === "password" ? <PasswordDialog user={user} onClose={() => setDialog(undefined)} /> : null}
      {dialog === "delete" ? <DeleteDialog user={user} all={all} onClose={() => setDialog(undefined)} /> : null}
    </li>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<"user" | "admin">("user");
  const create = useMutation({
    mutationFn: () => api.post("/api/admin/users", { body: { name, email, password, role } }),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  return (
    <Dialog
      title={t("users.create")}
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submitLabel={t("users.create")}
      submitDisabled={email === "" || password === ""}
      busy={create.isPending}
    >
      <TextField label={t("account.name")} value={name} onValue={setName} autoComplete="off" autoFocus />
      <TextField label={t("account.email")} type="email" value={email} onValue={setEmail} autoComplete="off" />
      <TextField
        label={t("account.password")}
        help={t("account.passwordHelp")}
        type="password"
        value={password}
        onValue={setPassword}
        autoComplete="new-password"
      />
      <Field label={t("users.role")}>
        {(ids) => (
          <Select {...ids} value={role} onValue={(value) => setRole(value === "admin" ? "admin" : "user")}>
            <option value="user">{t("role.user")}</option>
            <option value="admin">{t("role.admin")}</option>
          </Select>
        )}
      </Field>
      {create.isError ? <ErrorState error={create.error} compact /> : null}
    </Dialog>
  );
}

function PasswordDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const change = useMutation({
    mutationFn: () => api.patch("/api/admin/users", { body: { userId: user.id, password } }),
    onSuccess: () => {
      notify(t("account.passwordChanged"));
      onClose();
    },
  });
  return (
    <Dialog
      title={t("users.passwordTitle", { name: user.name })}
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submitDisabled={password === ""}
      busy={change.isPending}
    >
      <TextField
        label={t("account.newPassword")}
        help={t("account.passwordHelp")}
        type="password"
        value={password}
        onValue={setPassword}
        autoComplete="new-password"
        autoFocus
      />
      {change.isError ? <ErrorState error={change.error} compact /> : null}
    </Dialog>
  );
}

function DeleteDialog({ user, all, onClose }: { user: User; all: readonly User[]; onClose: () => void }) {
  const heirs = all.filter((other) => other.id !== user.id && other.isActive);
  const [heir, setHeir] = useState(heirs[0]?.id ?? "");
  const remove = useMutation({
    mutationFn: () => api.delete("/api/admin/users", { body: { userId: user.id, transferToUserId: heir } }),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  return (
    <Dialog
      title={t("users.deleteTitle", { name: user.name })}
      onClose={onClose}
      onSubmit={() => remove.mutate()}
      submitLabel={t("users.delete")}
      submitDisabled={heir === ""}
      danger
      busy={remove.isPending}
    >
      <p>{t("users.deleteLead")}</p>
      <Field label={t("users.heir")}>
        {(ids) => (
          <Select {...ids} value={heir} onValue={setHeir}>
            {heirs.map((other) => (
              <option key={other.id} value={other.id}>
                {other.name} ({other.email})
              </option>
            ))}
          </Select>
        )}
      </Field>
      {remove.isError ? <ErrorState error={remove.error} compact /> : null}
    </Dialog>
  );
}
