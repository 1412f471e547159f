// The sidebar is a landmark, and what unfolds in it says what it unfolds.
addEventListener("DOMContentLoaded", () => {
  const sidebar = document.querySelector(".bd-sidebar-primary");
  sidebar?.setAttribute("role", "complementary");
  sidebar?.setAttribute("aria-label", "The course");
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const page = summary.closest("li")?.querySelector("a")?.textContent.trim();
    summary.setAttribute("aria-label", `Pages of ${page}`);
  }
});

// Escape closes the meaning of a word that is open under the mouse or the keyboard's focus.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const term of document.querySelectorAll(".term:hover, .term:focus-within"))
    term.classList.add("closed");
});
for (const kind of ["mouseout", "focusout"])
  document.addEventListener(kind, (event) => event.target.closest(".term")?.classList.remove("closed"));
