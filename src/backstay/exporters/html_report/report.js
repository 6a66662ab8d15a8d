"use strict";
// Enhancements only: without this script everything is still on the page.
(() => {
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  // Light and dark: as the system says, until the reader says otherwise.
  const root = document.documentElement;
  const remembered = (theme) => {
    try {
      if (theme) localStorage.setItem("backstay-theme", theme);
      return localStorage.getItem("backstay-theme");
    } catch {
      return null; // a page opened from a file may have no storage
    }
  };
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  const theme = make("button", { type: "button" });
  const nameTheme = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `${theme.textContent} colours`);
  };
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    nameTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  nameTheme();
  document.querySelector(".tools").append(theme);

  const severities = ["critical", "high", "medium", "low", "info"];

  // Facets: each offers the values of one data attribute, with how many of the items the others leave.
  // `first` is chosen at the start, where some item has it.
  const facet = (bar, items, attributes, noun, first = {}) => {
    const text = items.map((item) => item.textContent.toLowerCase());
    const chosen = {};
    const search = make("input", { type: "search", placeholder: `Search ${noun}` });
    search.setAttribute("aria-label", `Search ${noun}`);
    const output = make("output");
    const fits = (index, except) => text[index].includes(search.value.trim().toLowerCase()) &&
      attributes.every((name) => name === except || !chosen[name] || items[index].dataset[name] === chosen[name]);
    const controls = attributes.map((name) => {
      const values = new Map();
      items.forEach((item) => values.set(item.dataset[name], (values.get(item.dataset[name]) || 0) + 1));
      const order = ([value]) => severities.indexOf(value);
      return [name, [...values].sort((a, b) => order(a) - order(b) || b[1] - a[1] || a[0].localeCompare(b[0])).map(([value]) => value)];
    }).filter(([, values]) => values.length > 1);
    controls.forEach(([name, values]) => { if (values.includes(first[name])) chosen[name] = first[name]; });
    const parts = controls.map(([name, values], number) => number === 0 ? chips(name, values) : select(name, values));

    function chips(name, values) {
      const buttons = values.map((value) => {
        const button = make("button", { type: "button" }, value + " ", make("small"));
        button.setAttribute("aria-pressed", "false");
        button.addEventListener("click", () => {
          chosen[name] = chosen[name] === value ? "" : value;
          update();
        });
        return button;
      });
      const group = make("div", { className: "chips" }, ...buttons);
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", name);
      return {
        element: group,
        show: (counts) => values.forEach((value, number) => {
          buttons[number].setAttribute("aria-pressed", String(chosen[name] === value));
          buttons[number].lastChild.textContent = counts.get(value) || 0;
        }),
        name,
      };
    }

    function select(name, values) {
      const options = values.map((value) => make("option", { value }));
      const element = make("select", {}, make("option", { value: "", textContent: `any ${name}` }), ...options);
      element.setAttribute("aria-label", name);
      element.value = chosen[name] || "";
      element.addEventListener("change", () => {
        chosen[name] = element.value;
        update();
      });
      return {
        element,
        show: (counts) => values.forEach((value, number) => {
          options[number].textContent = `${value} (${counts.get(value) || 0})`;
        }),
        name,
      };
    }

    function update() {
      let shown = 0;
      items.forEach((item, index) => {
        item.hidden = !fits(index);
        shown += !item.hidden;
      });
      parts.forEach((part) => {
        const counts = new Map();
        items.forEach((item, index) => {
          if (fits(index, part.name)) counts.set(item.dataset[part.name], (counts.get(item.dataset[part.name]) || 0) + 1);
        });
        part.show(counts);
      });
      output.textContent = `${shown} of ${items.length} ${noun}`;
    }

    let waiting;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(update, 80);
    });
    bar.append(search, ...parts.slice(1).map((part) => part.element), output, ...parts.slice(0, 1).map((part) => part.element));
    update();
    bar.hidden = false;
    return bar;
  };

  // Sorting: a column's head becomes a button.
  const sortable = (table) => {
    const body = table.tBodies[0];
    table.querySelectorAll("th[data-sort]").forEach((head) => {
      const column = head.cellIndex;
      const number = head.dataset.sort === "number";
      const value = (row) => {
        const cell = row.cells[column];
        const text = (cell.querySelector("b") || cell).textContent.trim();
        return number ? parseInt(text, 10) || -1 : text.toLowerCase();
      };
      const button = make("button", { type: "button", textContent: head.textContent });
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") !== "ascending" : !number;
        table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => [value(row), row]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
        body.append(...rows.map(([, row]) => row));
      });
      head.replaceChildren(button);
    });
  };

  const assets = document.getElementById("assets");
  if (assets) {
    facet(document.querySelector(".facets[data-for=assets]"), [...assets.tBodies[0].rows], ["kind", "placement", "owner"], "assets", { placement: "production" });
    sortable(assets);
    document.querySelectorAll(".kinds").forEach((text) => { text.hidden = true; }); // the facet says it
  }
  const rules = [...document.querySelectorAll("#rules > details")];
  if (rules.length) {
    const bar = facet(document.querySelector(".facets[data-for=rules]"), rules, ["severity"], "rules");
    const all = make("button", { type: "button", textContent: "Open all" });
    all.addEventListener("click", () => {
      const open = rules.some((rule) => !rule.hidden && !rule.open);
      rules.forEach((rule) => { rule.open = open; });
      all.textContent = open ? "Close all" : "Open all";
    });
    bar.insertBefore(all, bar.querySelector("output"));
  }

  // A picture too wide for the screen starts at its subject, and a reader scrolls from there.
  const centre = (canvas) => {
    const subject = canvas.querySelector(".subject");
    if (!subject || canvas.scrollWidth <= canvas.clientWidth) return;
    const box = subject.getBoundingClientRect();
    canvas.scrollLeft += box.left + box.width / 2 - canvas.getBoundingClientRect().left - canvas.clientWidth / 2;
  };
  document.querySelectorAll(".canvas").forEach((canvas) => {
    centre(canvas);
    canvas.closest("details")?.addEventListener("toggle", () => centre(canvas), { once: true });
  });

  // A link to something inside closed details opens them, and so does printing.
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
      if (part.hidden) part.hidden = false;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
})();
