/** Where menus, tooltips and cards are put: inside a landmark, so that they are part of the page for everyone. */
export function layer(): HTMLElement | null {
  return document.getElementById("layer");
}
