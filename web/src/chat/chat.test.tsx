import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { queryClient } from "../api/queries";
import en from "../i18n/en.json";
import zh from "../i18n/zh.json";
import { adopt } from "../i18n";
import { renderInWorkspace, serve } from "../test/render";
import { AnswerView } from "./AnswerView";
import { around, quoteIn } from "./CitationChip";
import { Composer } from "./Composer";
import { webAddress } from "./LinkDialog";
import { type Answer, type Citation, emptyAnswer } from "./parts";

beforeEach(() => {
  adopt("en", en);
  serve({
    "GET /api/models": () => ({ provider: "openai", model: "m", leavesMachine: true, local: false, host: "models.example", models: [] }),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

/** Links of the status line need a router around them. */
function routed(element: ReactElement): ReactElement {
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: () => element });
  const router = createRouter({ routeTree: root.addChildren([page]), history: createMemoryHistory() });
  // The test's own tree is not the one registered for the application.
  return <RouterProvider router={router as never} />;
}

const cite = (values: Partial<Citation>): Citation => ({
  id: "c1", number: 1, path: "notes/log.md", page: undefined, line: 5, start: 12, end: 20, quote: "annealed", state: "verified",
  contentHash: "h", passage: "It was annealed twice.", passageStart: 5, ...values,
});

describe("composer", () => {
  const setUp = async (busy = false) => {
    const onAsk = vi.fn();
    const onStop = vi.fn();
    renderInWorkspace(
      routed(<Composer draftKey="k" busy={busy} stopping={false} onAsk={onAsk} onStop={onStop} />),
      { file: "notes/log.md" },
    );
    return { onAsk, onStop, box: await screen.findByRole("textbox", { name: en["chat.question"] }) };
  };

  it("asks on Enter, breaks the line on Shift+Enter, and leaves Enter to an input method", async () => {
    const { onAsk, box } = await setUp();
    await userEvent.type(box, "a{Shift>}{Enter}{/Shift}b");
    fireEvent.keyDown(box, { key: "Enter", isComposing: true });
    expect(onAsk).not.toHaveBeenCalled();
    await userEvent.type(box, "{Enter}");
    expect(onAsk).toHaveBeenCalledWith("a\nb", []);
    expect(box).toHaveValue("");
  });

  it("narrows the question to the open file", async () => {
    const { onAsk, box } = await setUp();
    await userEvent.click(screen.getByRole("button", { name: en["scope.all"] }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Only log.md" }));
    await userEvent.type(box, "why?{Enter}");
    expect(onAsk).toHaveBeenCalledWith("why?", ["notes/log.md"]);
  });

  it("keeps a draft, asks nothing that is empty, and says where text goes", async () => {
    const { onAsk, box } = await setUp();
    await userEvent.type(box, "   {Enter}");
    expect(onAsk).not.toHaveBeenCalled();
    await userEvent.type(box, "half a thought");
    expect(localStorage.getItem("innoclaw.draft.k")).toBe('"   half a thought"');
    expect(await screen.findByText("text goes to models.example")).toBeInTheDocument();
  });

  it("stops instead of asking while an answer is under way", async () => {
    const { onAsk, onStop, box } = await setUp(true);
    await userEvent.type(box, "more{Enter}");
    expect(onAsk).not.toHaveBeenCalled();
    expect(box).toHaveValue("more");
    await userEvent.click(screen.getByRole("button", { name: en["chat.stop"] }));
    expect(onStop).toHaveBeenCalled();
  });
});

describe("answer", () => {
  const answer: Answer = {
    ...emptyAnswer,
    messageId: "m",
    finished: true,
    supported: true,
    texts: [{ id: "t", text: "It was annealed[^c1] and lost[^c2] [paper](https://example.org/p)[^c9]." }],
    citations: [cite({}), cite({ id: "c2", number: 2, state: "unsupported", quote: "lost" })],
    searched: { files: 3, chunks: 40, passages: [] },
  };
  const show = (values: Partial<Answer> = {}, unread = 0) =>
    renderInWorkspace(<AnswerView answer={{ ...answer, ...values }} model="m" live={false} state="complete" citation={undefined} unread={unread} />);

  it("opens the file at the very words of a citation, by click and by key", async () => {
    const { actions } = show();
    const chip = screen.getByRole("button", { name: "Source 1: notes/log.md line 5, verified" });
    await userEvent.click(chip);
    chip.focus();
    await userEvent.keyboard("{Enter}");
    const target = { start: 12, end: 20, line: 5, contentHash: "h", citationId: "c1" };
    expect(vi.mocked(actions.open).mock.calls).toEqual([
      ["notes/log.md", target],
      ["notes/log.md", target],
    ]);
  });

  it("shows an unsupported claim as such and nothing for a citation that does not exist", () => {
    const { container } = show();
    expect(screen.getByRole("button", { name: /Source 2: .*, not supported/ })).toHaveTextContent("2✗");
    expect(container.querySelectorAll(".cite")).toHaveLength(2);
    expect(container).not.toHaveTextContent("c9");
  });

  it("says plainly that nothing was found, and what was searched", () => {
    show({ supported: false, citations: [], texts: [] });
    expect(screen.getByText("Nothing in the 3 files searched supports an answer.")).toBeInTheDocument();
    expect(screen.getByText("Searched 40 passages in 3 files")).toBeInTheDocument();
  });

  it("notes which files it could not cover, in both languages", () => {
    show().unmount();
    expect(screen.queryByText(/still being read/)).not.toBeInTheDocument();
    show({}, 1).unmount();
    show({}, 12);
    expect(screen.getByText("12 files were still being read when this was asked and are not covered.")).toBeInTheDocument();
    adopt("zh", zh);
    show({}, 3);
    expect(screen.getByText("提问时还有 3 个文件正在读取，未包含在这个回答中。")).toBeInTheDocument();
  });

  it("follows a link only after its address was seen", async () => {
    const open = vi.spyOn(window, "open").mockReturnValue(null);
    show();
    await userEvent.click(screen.getByRole("link", { name: "paper" }));
    expect(open).not.toHaveBeenCalled();
    expect(screen.getByText("https://example.org/p")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: en["link.open"] }));
    expect(open).toHaveBeenCalledWith("https://example.org/p", "_blank", "noopener,noreferrer");
  });
});

it("marks the quote in its passage by characters, and falls back to the bare quote", () => {
  const passage = "😀 It was annealed twice.";
  expect(quoteIn({ passage, passageStart: 100, start: 109, end: 117, quote: "annealed" })).toEqual(["😀 It was ", "annealed", " twice."]);
  expect(quoteIn({ passage, passageStart: 100, start: 90, end: 95, quote: "q" })).toEqual(["", "q", ""]);
  expect(quoteIn({ passage: "", passageStart: 0, start: 3, end: 5, quote: "q" })).toEqual(["", "q", ""]);
});

it("cuts a long passage to what stands near the quote", () => {
  expect(around(["It was ", "annealed", " twice."])).toEqual(["It was ", "annealed", " twice."]);
  const lines = Array.from({ length: 30 }, (_, n) => `row ${n}\n`).join("");
  expect(around([lines, "quote", `\n${lines}`])).toEqual(["… row 27\nrow 28\nrow 29\n", "quote", "\nrow 0\nrow 1\nrow 2 …"]);
  const [head, words, tail] = around(["😀".repeat(500), "q".repeat(5000), "x".repeat(500)]);
  expect([...head].length + words.length + tail.length).toBeLessThan(1200);
  expect(head.startsWith("… 😀")).toBe(true);
});

it("takes only web addresses for links", () => {
  expect(webAddress("https://example.org/x")?.host).toBe("example.org");
  for (const href of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "notes/a.md", ""]) expect(webAddress(href)).toBeUndefined();
});
