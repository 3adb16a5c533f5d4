"use strict";
/* Draws the plots of the page from the JSON in #run. Tables are {names, values} with one array for each
 * column and null for what is missing. */
(() => {
  const run = JSON.parse(document.getElementById("run").textContent);
  const redraw = [];

  /* ------------------------------------------------------------------------------- small things */

  const column = (table, name) => {
    const at = table ? table.names.indexOf(name) : -1;
    return at < 0 ? null : table.values[at];
  };
  const isQuantity = (name) => name !== "t" && name !== "trajectory" && !name.startsWith("truth:");
  const unique = (list) => [...new Set(list)];
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const superscript = (n) => String(n).replace(/[-0-9]/g, (c) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(c)]);

  const format = (value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    let text = String(Number(value.toPrecision(5)));
    if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
      const [mantissa, exponent] = value.toExponential(3).split("e");
      text = `${Number(mantissa)}·10${superscript(Number(exponent))}`;
    }
    return text.replace(/^-/, "−");
  };
  const logLabel = (value) => {
    const exponent = Math.log10(value);
    return Math.abs(exponent - Math.round(exponent)) > 1e-9 ? format(value)
      : Math.abs(Math.round(exponent)) <= 1 ? String(Number(value.toPrecision(3))) : `10${superscript(Math.round(exponent))}`;
  };

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    return { paper: colour("--paper"), card: colour("--card"), ink: colour("--ink"), soft: colour("--soft"), rule: colour("--rule"), grid: colour("--grid") };
  };

  /* ----------------------------------------------------------------- one colour for a quantity */

  const tables = run.tables;
  const quantities = unique(["trajectory", "data", "predicted", "extrapolation"]
    .flatMap((name) => (tables[name] ? tables[name].names.filter(isQuantity) : [])));
  const colourOf = (index) => run.palette[index % run.palette.length];
  const quantityColour = (name) => colourOf(Math.max(0, quantities.indexOf(name)));
  const shown = new Set(quantities.slice(0, 8));

  /* ------------------------------------------------------------------------------------- controls */

  const chips = (names, changed) => {
    const box = element("div", { class: "chips", role: "group", "aria-label": "Quantities shown" });
    for (const name of names) {
      const button = element("button", { type: "button", style: `--colour:${quantityColour(name)}` }, element("i"), name);
      const update = () => button.setAttribute("aria-pressed", String(shown.has(name)));
      button.addEventListener("click", () => {
        if (!shown.delete(name)) shown.add(name);
        changed();
      });
      redraw.push(update);
      update();
      box.append(button);
    }
    return box;
  };

  const choice = (label, values, initial, changed) => {
    const box = element("div", { class: "switch", role: "group", "aria-label": label });
    const buttons = values.map(([value, text]) => {
      const button = element("button", { type: "button", "aria-pressed": String(value === initial) }, text);
      button.addEventListener("click", () => {
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        changed(value);
      });
      return button;
    });
    box.append(...buttons);
    return box;
  };

  const select = (label, values, initial, changed) => {
    const made = element("select");
    for (const [value, text] of values) made.append(element("option", { value }, text));
    made.value = initial;
    made.addEventListener("change", () => changed(made.value));
    return element("label", {}, label, made);
  };

  const key = (kind, text) => {
    const shapes = {
      line: '<path d="M1 6h24" stroke="currentColor" stroke-width="2"/>',
      dashed: '<path d="M1 6h24" stroke="currentColor" stroke-width="2" stroke-dasharray="5 4"/>',
      thin: '<path d="M1 6h24" stroke="currentColor" stroke-width="1" opacity=".6"/>',
      points: '<circle cx="13" cy="6" r="3.5" fill="currentColor"/>'
    };
    const made = element("span", { class: "key" });
    made.innerHTML = `<svg width="26" height="12" fill="none" aria-hidden="true">${shapes[kind]}</svg>`;
    made.append(text);
    return made;
  };

  const note = (after, text) => text && after.after(element("p", { class: "quiet" }, text));
  const thinned = (table) => [
    table && table.every > 1 ? `Curves show every ${table.every}th row of the file.` : "",
    table && table.left_out > 0 ? `The first ${table.names.length} of ${table.names.length + table.left_out} columns are shown.` : ""
  ].filter(Boolean).join(" ");

  /* ---------------------------------------------------------------------------------------- plots */

  const curve = (name, data, colour, more = {}) => ({
    name, type: "line", data, showSymbol: false, connectNulls: false, color: colour,
    lineStyle: { width: more.width || 2, type: more.dashed ? [6, 5] : "solid", opacity: more.opacity || 1 },
    emphasis: { disabled: true }, z: more.z || 2
  });
  const dots = (name, data, colour, more = {}) => ({
    name, type: "scatter", data, color: colour, symbolSize: more.size || (data.length > 300 ? 4 : 7),
    itemStyle: { opacity: data.length > 300 ? 0.5 : 0.85, borderColor: colour, borderWidth: more.hollow ? 1.5 : 0, ...(more.hollow ? { color: "transparent" } : {}) },
    emphasis: { disabled: true }, z: 3
  });

  /* Two columns as points, each trajectory apart: a gap where the trajectory changes or time turns back. */
  const pairs = (table, x, y, keep = () => true) => {
    const xs = column(table, x), ys = column(table, y), ids = column(table, "trajectory"), ts = column(table, "t");
    const points = [];
    if (!xs || !ys) return points;
    let last = -1;
    for (let i = 0; i < xs.length; i++) {
      if (ids && !keep(ids[i])) continue;
      if (last >= 0 && ((ids && ids[i] !== ids[last]) || (ts && ts[i] < ts[last]))) points.push([null, null]);
      points.push([xs[i], ys[i]]);
      last = i;
    }
    return points;
  };
  const withoutGaps = (points) => points.filter((p) => p[0] !== null && p[1] !== null);

  const tooltip = (xName) => (items) => {
    const list = Array.isArray(items) ? items : [items];
    const seen = new Set();
    const rows = list.filter((item) => item.value && item.value[1] !== null && !seen.has(item.seriesName) && seen.add(item.seriesName))
      .map((item) => `<tr><td style="border:0;padding:0 .8em 0 0">${item.marker}${escape(item.seriesName)}</td><td style="border:0;padding:0;text-align:right">${format(item.value[1])}</td></tr>`);
    return rows.length === 0 ? "" : `<div>${escape(xName)} = ${format(list[0].value[0])}</div><table style="font-size:inherit">${rows.join("")}</table>`;
  };

  /* The ends of the horizontal axis are those of the data; they are labelled where they are round numbers. */
  const ends = (series) => {
    let low = Infinity, high = -Infinity;
    for (const { data } of series) {
      for (const [x, y] of data) {
        if (x === null || y === null) continue;
        low = Math.min(low, x);
        high = Math.max(high, x);
      }
    }
    if (!(low < high)) return {};
    const step = 10 ** (Math.floor(Math.log10(high - low)) - 1);
    const round = (value) => Math.abs(value / step - Math.round(value / step)) < 1e-6;
    return { min: low, max: high, showMinLabel: round(low), showMaxLabel: round(high) };
  };

  const option = (plot, look) => {
    const series = plot.series(look);
    const { min, max, ...labels } = ends(series);
    const axis = (spec) => ({
      type: spec.log ? "log" : "value", scale: true, name: spec.name,
      nameTextStyle: { color: look.soft, fontSize: 12.5 }, axisLine: { show: true, onZero: false, lineStyle: { color: look.soft } },
      axisTick: { show: true, lineStyle: { color: look.soft } }, axisLabel: { color: look.soft, fontSize: 12, hideOverlap: true, formatter: spec.log ? logLabel : format },
      splitLine: { lineStyle: { color: look.grid } }, minorTick: { show: false }
    });
    return {
      animation: false, backgroundColor: "transparent", aria: { enabled: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: look.ink },
      grid: { left: 8, right: 18, top: plot.y.name ? 34 : 14, bottom: plot.x.name ? 30 : 8, containLabel: true },
      tooltip: {
        trigger: plot.item ? "item" : "axis", confine: true, backgroundColor: look.paper, borderColor: look.rule,
        textStyle: { color: look.ink, fontSize: 13 }, formatter: tooltip(plot.x.name || "x"),
        axisPointer: { type: "line", lineStyle: { color: look.soft, type: "dashed" } }
      },
      xAxis: { ...axis(plot.x), axisLabel: { ...axis(plot.x).axisLabel, ...labels }, min, max, nameLocation: "middle", nameGap: 28, splitLine: { show: false } },
      yAxis: { ...axis(plot.y), nameLocation: "end", nameGap: 14, nameTextStyle: { color: look.soft, fontSize: 12.5, align: "left", padding: [0, 0, 0, -30] } },
      series
    };
  };

  /* Panels of a figure: `plots()` says what to draw now; charts are made again when their number changes. */
  const figure = (id, plots) => {
    const box = document.getElementById(`${id}-panels`);
    let charts = [];
    const draw = () => {
      const wanted = plots();
      const look = theme();
      if (charts.length !== wanted.length) {
        charts.forEach((chart) => chart.dispose());
        box.replaceChildren();
        box.classList.toggle("single", wanted.length === 1);
        const places = wanted.map((plot) => {
          const place = element("div", { class: "plot" });
          const panel = element("figure", { class: "panel" }, place);
          if (wanted.length > 1 || plot.title) panel.prepend(element("figcaption", {}, plot.title || ""));
          box.append(panel);
          return place;
        });
        /* Only now are the widths of the columns known. */
        charts = places.map((place) => echarts.init(place, null, { renderer: "svg" }));
      }
      wanted.forEach((plot, i) => {
        const caption = box.children[i].querySelector("figcaption");
        if (caption) caption.textContent = plot.title || "";
        charts[i].getDom().setAttribute("aria-label", plot.label);
        charts[i].getDom().setAttribute("role", "img");
        charts[i].setOption(option(plot, look), true);
      });
    };
    new ResizeObserver(() => charts.forEach((chart) => chart.resize())).observe(box);
    addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));
    redraw.push(draw);
    draw();
    return box;
  };
  const redrawAll = () => redraw.forEach((draw) => draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  matchMedia("print").addEventListener("change", () => { redrawAll(); dispatchEvent(new Event("resize")); });

  /* Do the quantities share a scale well enough for one plot? */
  const sizes = (table, names) => names.map((name) => Math.max(...(column(table, name) || [0]).map((v) => Math.abs(v ?? 0)).concat(0))).filter((v) => v > 0);
  const comparable = (table, names) => {
    const list = sizes(table, names);
    return names.length <= 4 && (list.length === 0 || Math.max(...list) / Math.min(...list) < 20);
  };

  /* Quantities against time from one or two tables, together or apart. */
  const timePlots = (id, main, names, build, title) => {
    let together = comparable(main, names);
    const controls = document.getElementById(`${id}-controls`);
    let draw = () => {};
    if (names.length > 1) {
      controls.append(chips(names, redrawAll));
      controls.append(choice("Layout", [["together", "together"], ["apart", "apart"]], together ? "together" : "apart", (value) => { together = value === "together"; draw(); }));
    }
    const box = figure(id, () => {
      const visible = names.filter((name) => shown.has(name));
      const groups = together || visible.length === 0 ? [visible] : visible.map((name) => [name]);
      return groups.map((group) => ({
        title: together ? "" : group.join(", "), label: `${title}: ${group.join(", ")} against t`,
        x: { name: "t" }, y: { name: names.length === 1 ? names[0] : "" }, series: (look) => build(group, look)
      }));
    });
    draw = redraw[redraw.length - 1];
    note(box, unique([main, tables.trajectory].map(thinned)).filter(Boolean).join(" "));
    return { controls, draw: () => draw() };
  };

  /* ------------------------------------------------------------------------------------------ fit */

  if (document.getElementById("fit-panels")) {
    const main = tables.data || tables.trajectory;
    const names = tables.data ? quantities.filter((name) => [tables.data, tables.trajectory].some((table) => column(table, name))) : main.names.filter(isQuantity);
    const ids = unique(column(main, "trajectory") || []);
    let chosen = ids.length > 12 ? String(ids[0]) : "all";
    const keep = (id) => chosen === "all" || String(id) === chosen;
    const smooth = (name) => (column(tables.trajectory, name) ? tables.trajectory : tables.predicted);
    const fit = timePlots("fit", main, names, (group) => group.flatMap((name) => [
      ...(smooth(name) ? [curve(tables.data ? `${name}, model` : name, pairs(smooth(name), "t", name, keep), quantityColour(name))] : []),
      ...(column(tables.data, name) ? [dots(`${name}, data`, withoutGaps(pairs(tables.data, "t", name, keep)), quantityColour(name))] : [])
    ]), "Fit");
    if (ids.length > 1) {
      fit.controls.append(select("Trajectory", [["all", `all ${ids.length}`], ...ids.map((id) => [String(id), String(id)])], chosen, (value) => { chosen = value; fit.draw(); }));
    }
    if (tables.data) fit.controls.append(key("line", "model"), key("points", "data"));
  }

  /* -------------------------------------------------------------------------------- extrapolation */

  if (document.getElementById("extrapolation-panels")) {
    const table = tables.extrapolation;
    const names = table.names.filter(isQuantity);
    const ids = unique(column(table, "trajectory") || []);
    const truth = names.some((name) => column(table, `truth:${name}`));
    let chosen = ids.length > 0 ? String(ids[0]) : "all";
    const keep = (id) => chosen === "all" || String(id) === chosen;
    const times = (column(tables.data, "t") || []).filter((t) => t !== null);
    const span = times.length ? [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))] : null;
    const future = timePlots("extrapolation", table, names, (group, look) => {
      const series = group.flatMap((name) => [
        ...(column(table, `truth:${name}`) ? [curve(`${name}, truth`, pairs(table, "t", `truth:${name}`, keep), quantityColour(name), { dashed: true, opacity: 0.8 })] : []),
        curve(`${name}, model`, pairs(table, "t", name, keep), quantityColour(name)),
        ...(column(tables.data, name) ? [dots(`${name}, data`, withoutGaps(pairs(tables.data, "t", name, keep)), quantityColour(name))] : [])
      ]);
      if (span && series.length) {
        series[0].markArea = { silent: true, itemStyle: { color: look.soft, opacity: 0.1 }, label: { color: look.soft, position: "insideTop", fontSize: 12 }, data: [[{ name: "data", xAxis: span[0] }, { xAxis: span[1] }]] };
      }
      return series;
    }, "Extrapolation");
    if (ids.length > 1) {
      future.controls.append(select("Trajectory", ids.map((id) => [String(id), String(id)]), chosen, (value) => { chosen = value; future.draw(); }));
    }
    future.controls.append(key("line", "model"));
    if (truth) future.controls.append(key("dashed", "truth"));
    if (tables.data) future.controls.append(key("points", "data"));
  }

  /* -------------------------------------------------------------------------------- learned terms */

  run.learned.forEach((learned, index) => {
    const table = learned.table;
    const outputs = table.names.filter((name) => name.startsWith("out:")).map((name) => name.slice(4));
    const inputs = table.names.filter((name) => name.startsWith("in:"));
    const controls = document.getElementById(`learned-${index}-controls`);
    const recovered = outputs.some((name) => column(table, `rec:${name}`));
    let against = "t";
    let draw = () => {};
    if (inputs.length > 0) {
      controls.append(select("Against", [["t", "t"], ...inputs.map((name) => [name, name.slice(3)])], against, (value) => { against = value; draw(); }));
    }
    controls.append(key("line", "learned"));
    if (recovered) controls.append(key("dashed", "recovered"));
    const box = figure(`learned-${index}`, () => outputs.map((name, k) => {
      const colour = colourOf(quantities.length + k);
      const x = against === "t" ? "t" : against.slice(3);
      return {
        title: `${learned.name}[${name}]`, label: `${learned.name}[${name}] against ${x}`, x: { name: x }, y: {}, item: against !== "t",
        series: (look) => (against === "t"
          ? [curve("learned", pairs(table, "t", `out:${name}`), colour, { width: 2.5 }),
            ...(column(table, `rec:${name}`) ? [curve("recovered", pairs(table, "t", `rec:${name}`), look.ink, { dashed: true, width: 1.8 })] : [])]
          : [dots("learned", withoutGaps(pairs(table, against, `out:${name}`)), colour, { size: 6 }),
            ...(column(table, `rec:${name}`) ? [dots("recovered", withoutGaps(pairs(table, against, `rec:${name}`)), look.ink, { size: 7, hollow: true })] : [])])
      };
    }));
    draw = redraw[redraw.length - 1];
    note(box, thinned(table));
  });

  /* ----------------------------------------------------------------------------------------- loss */

  if (document.getElementById("history-panels")) {
    const table = tables.history;
    const loss = column(table, "loss"), phase = column(table, "phase");
    const names = ["Adam", "BFGS", "Levenberg–Marquardt"];
    const positive = loss.every((v) => v === null || v > 0);
    const controls = document.getElementById("history-controls");
    let against = "evaluation";
    let draw = () => {};
    const phases = () => {
      const xs = column(table, against);
      const parts = [];
      for (let i = 0; phase && i < xs.length; i++) {
        if (parts.length === 0 || parts[parts.length - 1].phase !== phase[i]) {
          if (parts.length) parts[parts.length - 1].to = xs[i];
          parts.push({ phase: phase[i], from: xs[i], to: xs[i] });
        }
        parts[parts.length - 1].to = xs[i];
      }
      return parts;
    };
    const build = (look) => {
      const best = column(table, "best") ? [curve("best so far", pairs(table, against, "best"), colourOf(0), { width: 2.2 })] : [];
      const each = curve("loss", pairs(table, against, "loss"), best.length ? look.soft : colourOf(0), { width: best.length ? 1 : 2, opacity: best.length ? 0.7 : 1, z: 1 });
      const parts = phases();
      each.markArea = {
        silent: true, label: { color: look.soft, position: "insideTop", fontSize: 12 },
        data: parts.map((part, i) => [{ name: names[part.phase] || `phase ${part.phase}`, xAxis: part.from, itemStyle: { color: look.soft, opacity: i % 2 ? 0.1 : 0.03 } }, { xAxis: part.to }])
      };
      each.markLine = { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.soft, type: "solid", width: 1, opacity: 0.6 }, data: parts.slice(1).map((part) => ({ xAxis: part.from })) };
      return [each, ...best];
    };
    if (column(table, "seconds")) {
      controls.append(choice("Horizontal axis", [["evaluation", "evaluations"], ["seconds", "seconds"]], against, (value) => { against = value; draw(); }));
    }
    if (column(table, "best")) controls.append(key("thin", "loss of each evaluation"), key("line", "best so far"));
    const box = figure("history", () => [{
      label: "Loss during training", x: { name: against === "seconds" ? "time / s" : "evaluation" },
      y: { name: positive ? "loss (logarithmic)" : "loss", log: positive }, series: build
    }]);
    draw = redraw[redraw.length - 1];
    note(box, thinned(table));
  }
})();
