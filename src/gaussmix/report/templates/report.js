"use strict";
/* Fills and steers the drawings of the page. Text from the data enters by textContent only. */
(() => {
  const byId = id => document.getElementById(id);
  const data = JSON.parse(byId("page-data").textContent);
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const unpack = (text, type) => {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    return new type(bytes.buffer);
  };
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== null && text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const color = name => getComputedStyle(root).getPropertyValue(name).trim();
  const componentColor = k => color("--c" + k % data.n_colors);
  const grouped = (value, decimals) => value.toLocaleString("en-US",
    {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  const shortNumber = value => {
    if (value === null || value === undefined) return "–";
    if (value === 0) return "0";
    const exponent = Math.floor(Math.log10(Math.abs(value)));
    if (exponent < -4 || exponent >= 12) return value.toExponential(3);
    return value.toLocaleString("en-US", {maximumFractionDigits: Math.max(0, Math.min(5 - exponent, 10))});
  };
  const probability = p => p >= 1 ? "1" : p > 0.9995 ? ">0.999" : p > 0 && p < 0.0005 ? "<0.001" : p.toFixed(3);
  const valueText = (axis, value) => {
    if (axis.exponent === null) return grouped(value, axis.decimals);
    const half = Math.trunc(axis.exponent / 2);
    return (value / 10 ** half / 10 ** (axis.exponent - half)).toFixed(axis.decimals) + "e" + axis.exponent;
  };

  /* Bokeh draws on a canvas, which no style sheet reaches. */
  const applyTheme = drawing => {
    const text = color("--text"), muted = color("--muted"), grid = color("--grid"), ground = color("--ground");
    for (const axis of [...drawing.figure.below, ...drawing.figure.left]) {
      axis.setv({
        axis_label_text_color: text, major_label_text_color: muted, axis_line_color: muted,
        major_tick_line_color: muted, minor_tick_line_color: null,
        axis_label_text_font_style: "normal", axis_label_text_font_size: "13px", major_label_text_font_size: "11px",
      });
    }
    for (const one of drawing.figure.center) if ("grid_line_color" in one) one.grid_line_color = grid;
    const ring = drawing.model("ring-glyphs");
    if (ring) ring.glyph.setv({line_color: text, ...(data.map.density ? {fill_color: text} : {})});
    const names = drawing.model("name-glyphs");
    if (names && drawing.figure.name === "map") names.glyph.background_fill_color = ground;
    const bars = drawing.model("bar-glyphs");
    if (bars) bars.glyph.fill_color = dark.matches ? "#454c54" : "#d3d7db";
  };

  const embed = async (item, id) => {
    const target = byId(id);
    const before = Bokeh.documents.length;
    await Bokeh.embed.embed_item(item, target);
    const held = Bokeh.documents[before];
    const drawing = {
      document: held,
      model: name => held.get_model_by_name(name),
      source: name => held.get_model_by_name(name),
      figure: held.get_model_by_name(item.doc.roots[0].attributes.name),
    };
    // On a finger's device the page must scroll under the finger, on others a drag shows a part.
    if (!matchMedia("(pointer: coarse)").matches) {
      const box = drawing.figure.toolbar.tools.find(tool => tool.type === "BoxZoomTool");
      if (box) drawing.figure.toolbar.active_drag = box;
    }
    applyTheme(drawing);
    return drawing;
  };
  const perPixel = (range, pixels) => Math.abs(range.end - range.start) / Math.max(pixels, 1);

  /* Moves heights apart, in place, until labels that stand there do not cover one another. */
  const spread = (heights, least) => {
    const order = heights.map((_, i) => i).sort((i, j) => heights[i] - heights[j]);
    for (let n = 1; n < order.length; n++) {
      heights[order[n]] = Math.max(heights[order[n]], heights[order[n - 1]] + least);
    }
  };

  /* ---------------------------------------------------------------- how many */

  const drawCurve = async () => {
    const choice = data.choice;
    const drawing = await embed(data.curve_drawing, "curve-drawing");
    const shown = choice.models.map((model, index) => ({...model, index})).filter(one => one.value !== null);
    const colors = family => {
      const place = choice.families.indexOf(family);
      return place < 5 ? componentColor(place) : color("--muted");
    };
    const draw = () => {
      const lines = {xs: [], ys: [], color: [], width: []};
      [...choice.families].reverse().forEach(family => {
        const points = shown.filter(one => one.covariance_type === family)
          .sort((a, b) => a.n_components - b.n_components);
        lines.xs.push(points.map(one => one.n_components));
        lines.ys.push(points.map(one => one.value));
        lines.color.push(colors(family));
        lines.width.push(choice.families.indexOf(family) === 0 ? 3 : 1.2);
      });
      drawing.source("lines").data = lines;
      drawing.source("points").data = {
        x: shown.map(one => one.n_components), y: shown.map(one => one.value),
        color: shown.map(one => colors(one.covariance_type)),
        size: shown.map(one => one.covariance_type === choice.families[0] ? 8 : 5),
      };
      const names = {x: [], y: [], text: [], color: []};
      const end = choice.numbers[choice.numbers.length - 1];
      choice.families.slice(0, 5).forEach(family => {
        const last = shown.find(one => one.covariance_type === family && one.n_components === end);
        if (!last) return;
        names.x.push(end); names.y.push(last.value); names.text.push(family); names.color.push(colors(family));
      });
      spread(names.y, 16 * perPixel(drawing.figure.y_range, drawing.figure.inner_height || 220));
      drawing.source("names").data = names;
      applyTheme(drawing);
    };
    // The worst models would press the good ones together: the axis ends where three quarters have their place.
    const values = shown.map(one => one.value).sort((a, b) => a - b);
    const low = values[0], high = values[Math.min(values.length - 1, Math.floor(values.length * 0.75))];
    const margin = 0.07 * (high - low || Math.abs(low) || 1);
    drawing.figure.y_range.setv({start: low - margin, end: high + margin});
    const numbers = choice.numbers, last = numbers[numbers.length - 1];
    drawing.figure.x_range.setv({start: numbers[0] - 0.4, end: last});
    for (const range of [drawing.figure.x_range, drawing.figure.y_range]) {
      range.reset_start = range.start; range.reset_end = range.end;
    }
    const [left] = drawing.figure.left;
    drawing.figure.below[0].axis_label = "number of components";
    left.axis_label = choice.criterion;
    left.formatter.use_scientific = false;

    let current = -1;
    const show = index => {
      const model = choice.models[index];
      if (!model) return;
      current = index;
      document.querySelectorAll("[data-model]").forEach(button =>
        button.setAttribute("aria-pressed", String(Number(button.dataset.model) === index)));
      const best = choice.models.find(one => one.chosen);
      const card = byId("model-card");
      const heading = element("h3", model.name + (model.chosen ? " – the one chosen" : ""));
      const list = element("dl");
      const entry = (term, value) => {
        const pair = element("div");
        pair.append(element("dt", term), element("dd", value));
        list.append(pair);
      };
      const difference = model.value !== null && best && best.value !== null ? model.value - best.value : null;
      if (!["BIC", "ICL", "AIC"].includes(choice.criterion)) entry(choice.criterion, shortNumber(model.value));
      entry("BIC", shortNumber(model.bic));
      if (!model.chosen && difference !== null) {
        entry(`${choice.criterion} above the best`, shortNumber(difference));
      }
      entry("weight of evidence", model.bic_weight >= 0.001 ? (100 * model.bic_weight).toFixed(1) + " %" : "<0.1 %");
      entry("ICL", shortNumber(model.icl));
      entry("AIC", shortNumber(model.aic));
      entry("log-likelihood", shortNumber(model.log_likelihood));
      entry("free parameters", shortNumber(model.n_parameters));
      entry("iterations", `${model.n_iter}${model.converged ? "" : ", not converged"}`);
      if (model.seconds !== null) entry("seconds", model.seconds < 0.01 ? "<0.01" : model.seconds.toFixed(2));
      card.replaceChildren(heading, element("p", choice.meanings[model.covariance_type], {class: "quiet"}), list);
      if (model.message) card.append(element("p", "Not to be trusted: " + model.message + "."));
      drawing.source("ring").data = model.value === null ? {x: [], y: []} : {x: [model.n_components], y: [model.value]};
    };
    const nearest = event => {
      const sx = perPixel(drawing.figure.x_range, drawing.figure.inner_width);
      const sy = perPixel(drawing.figure.y_range, drawing.figure.inner_height);
      let best = null, least = 30 ** 2;
      for (const one of shown) {
        const distance = ((one.n_components - event.x) / sx) ** 2 + ((one.value - event.y) / sy) ** 2;
        if (distance < least) { least = distance; best = one.index; }
      }
      return best;
    };
    drawing.figure.on_event("tap", event => { const index = nearest(event); if (index !== null) show(index); });
    byId("curve-drawing").addEventListener("keydown", event => {
      const model = choice.models[current];
      if (!model) return;
      const families = choice.families, place = families.indexOf(model.covariance_type);
      const goTo = (family, number) => {
        const next = shown.find(one => one.covariance_type === family && one.n_components === number);
        if (next) show(next.index);
      };
      if (event.key === "ArrowLeft") goTo(model.covariance_type, model.n_components - 1);
      else if (event.key === "ArrowRight") goTo(model.covariance_type, model.n_components + 1);
      else if (event.key === "ArrowUp") goTo(families[place - 1], model.n_components);
      else if (event.key === "ArrowDown") goTo(families[place + 1], model.n_components);
      else return;
      event.preventDefault();
    });
    document.querySelectorAll("[data-model]").forEach(button =>
      button.addEventListener("click", () => show(Number(button.dataset.model))));
    // The names of the families stand at the right of the lines, and need so many pixels there.
    const room = 48 * perPixel(drawing.figure.x_range, (drawing.figure.inner_width || 600) - 48);
    drawing.figure.x_range.setv({end: last + Math.max(0.4, room), reset_end: last + Math.max(0.4, room)});
    draw();
    show(choice.models.findIndex(one => one.chosen));
    dark.addEventListener("change", draw);
  };

  /* ---------------------------------------------------------------- the map */

  // The inverse transforms of gaussmix.core.transforms.
  const inDataUnits = (transform, z) => {
    if (!transform) return z;
    const bound = transform.linear_below;
    if (transform.name === "log") {
      const at = Math.log(bound);
      return z < at ? bound * (1 + z - at) : Math.exp(z);
    }
    const degree = {sqrt: 2, cbrt: 3}[transform.name];
    if (degree) {
      const root = bound ** (1 / degree);
      return z < root ? bound * (1 + degree * (z / root - 1)) : z ** degree;
    }
    const exponent = z < 0 ? 2 - transform.exponent : transform.exponent, size = Math.abs(z);
    const moved = exponent === 0 ? Math.expm1(size) : Math.expm1(Math.log1p(exponent * size) / exponent);
    return transform.location + transform.scale * Math.sign(z) * moved;
  };

  const map = data.map;
  const axes = map.axes.map(axis => {
    const z = unpack(axis.z, Float32Array);
    const place = p => inDataUnits(axis.transform, axis.offset + axis.scale * p);
    return {...axis, z, value: i => place(z[i]), place};
  });
  const numbers = unpack(map.numbers, Float64Array);
  const told = unpack(map.components_told, Uint16Array);
  const chances = unpack(map.probabilities_told, Float32Array);
  const covariances = unpack(map.covariances, Float32Array);
  const label = i => told[i * map.told];
  const certainty = i => chances[i * map.told];
  const isNoise = k => k >= map.components.length;
  const componentName = k => isNoise(k) ? "noise" : map.components[k].name;
  const rowColor = k => isNoise(k) ? color("--muted") : componentColor(k);
  const swatch = k => element("span", null, {class: "swatch " + (isNoise(k) ? "noise" : "c" + k % data.n_colors)});
  const selected = new Set();
  let atMost = 1, xAxis = axes[map.first[0]], yAxis = axes[map.first[1]], shownRow = null, visible = [];

  const isShown = i => (selected.size === 0 || selected.has(label(i))) && (atMost >= 1 || certainty(i) <= atMost);

  const ellipse = (k, a, b) => {
    const d = axes.length, at = (i, j) => covariances[(k * d + i) * d + j];
    const first = Math.sqrt(Math.max(at(a, a), 0)), second = Math.sqrt(Math.max(at(b, b), 0));
    const r = first > 0 && second > 0 ? Math.max(-1, Math.min(1, at(a, b) / first / second)) : 0;
    const xs = [], ys = [], center = map.components[k].center;
    for (let step = 0; step <= 96; step++) {
      const angle = 2 * Math.PI * step / 96;
      const u = map.radius * Math.cos(angle), v = map.radius * Math.sin(angle);
      xs.push(axes[a].place(center[a] + first * u));
      ys.push(axes[b].place(center[b] + second * (r * u + Math.sqrt(1 - r * r) * v)));
    }
    return [xs, ys];
  };

  const drawMap = async () => {
    const drawing = await embed(data.map_drawing, "map-drawing");
    const {figure} = drawing;
    const isDensity = Boolean(map.density);
    const small = map.count > 2500 ? 4 : map.count > 800 ? 5.5 : 7;
    let heights = () => 0;

    const setRange = (range, axis) => {
      const start = axis.place(axis.range[0]), end = axis.place(axis.range[1]);
      range.setv({start, end, reset_start: start, reset_end: end});
    };
    const drawRows = () => {
      visible = [];
      for (let i = 0; i < map.count; i++) if (isShown(i)) visible.push(i);
      const count = byId("map-count");
      const all = visible.length === map.count;
      count.textContent = all ? "" :
        `${visible.length.toLocaleString("en-US")} of ${map.count.toLocaleString("en-US")} points are picked out.`;
      if (isDensity) return drawDensity();
      const columns = {x: [], y: [], color: [], marker: [], size: [], alpha: []};
      const push = (i, on) => {
        columns.x.push(xAxis.value(i)); columns.y.push(yAxis.value(i));
        columns.color.push(on ? rowColor(label(i)) : color("--muted"));
        columns.marker.push(isNoise(label(i)) ? "square_pin" : map.components[label(i)].marker);
        columns.size.push(on ? small : small * 0.7);
        columns.alpha.push(on ? (map.count > 2500 ? 0.55 : 0.8) : 0.12);
      };
      for (let i = 0; i < map.count; i++) if (!isShown(i)) push(i, false);
      for (const i of visible) push(i, true);
      drawing.source("rows").data = columns;
    };
    const drawComponents = () => {
      if (isDensity) return;
      const a = axes.indexOf(xAxis), b = axes.indexOf(yAxis);
      const ellipses = {xs: [], ys: [], color: [], alpha: [], dash: []};
      const names = {x: [], y: [], text: [], color: [], alpha: []};
      map.components.forEach((component, k) => {
        const on = selected.size === 0 || selected.has(k);
        if (a !== b) {
          const [xs, ys] = ellipse(k, a, b);
          ellipses.xs.push(xs); ellipses.ys.push(ys);
          ellipses.color.push(componentColor(k)); ellipses.alpha.push(on ? 0.95 : 0.15);
          ellipses.dash.push(component.dash);
        }
        names.x.push(xAxis.place(component.center[a])); names.y.push(yAxis.place(component.center[b]));
        names.text.push(component.name); names.color.push(color("--text")); names.alpha.push(on ? 1 : 0.2);
      });
      drawing.source("ellipses").data = ellipses;
      drawing.source("names").data = names;
    };
    const drawDensity = () => {
      const axis = axes[0], edges = unpack(map.density.edges, Float32Array);
      const grid = unpack(map.density.grid, Float32Array), curves = unpack(map.density.curves, Float32Array);
      const tops = unpack(map.density.heights, Float32Array), unit = axis.scale;
      drawing.source("bars").data = {
        left: [...edges].slice(0, -1).map(axis.place), right: [...edges].slice(1).map(axis.place),
        top: [...tops].map(one => one / unit),
      };
      const xs = [...grid].map(axis.place);
      const noise = map.density.noise ? [...unpack(map.density.noise, Float32Array)].map(one => one / unit) : null;
      const sum = noise ? [...noise] : new Array(grid.length).fill(0);
      const lines = {xs: [], ys: [], color: [], alpha: [], dash: [], width: []};
      map.components.forEach((component, k) => {
        const ys = [...curves.subarray(k * grid.length, (k + 1) * grid.length)].map(one => one / unit);
        ys.forEach((one, i) => { sum[i] += one; });
        const on = selected.size === 0 || selected.has(k);
        lines.xs.push(xs); lines.ys.push(ys); lines.color.push(componentColor(k));
        lines.alpha.push(on ? 1 : 0.2); lines.dash.push(component.dash); lines.width.push(2.5);
      });
      if (noise) {
        const on = selected.size === 0 || selected.has(map.components.length);
        lines.xs.push(xs); lines.ys.push(noise); lines.color.push(color("--muted"));
        lines.alpha.push(on ? 1 : 0.2); lines.dash.push("solid"); lines.width.push(1.3);
      }
      if (lines.xs.length > 1) {
        lines.xs.push(xs); lines.ys.push(sum); lines.color.push(color("--text"));
        lines.alpha.push(0.8); lines.dash.push("solid"); lines.width.push(1.3);
      }
      drawing.source("curves").data = lines;
      const top = 1.08 * Math.max(...sum, ...[...tops].map(one => one / unit));
      figure.y_range.setv({start: 0, end: top, reset_start: 0, reset_end: top});
      heights = () => 0.02 * top;
    };
    const labelAxes = () => {
      figure.below[0].axis_label = xAxis.name;
      figure.left[0].axis_label = isDensity ? "density" : yAxis.name;
      setRange(figure.x_range, xAxis);
      if (!isDensity) setRange(figure.y_range, yAxis);
      byId("axis-note").textContent =
        [...new Set([xAxis, yAxis])].filter(axis => axis.about).map(axis => `${axis.name}: ${axis.about}`).join(" ");
    };
    const describeRow = i => {
      const card = byId("row-card");
      const heading = element("h3", `Row ${numbers[i]}`);
      const table = element("table", null, {class: "probabilities"}), body = element("tbody");
      let rest = 1;
      for (let t = 0; t < map.told; t++) {
        const k = told[i * map.told + t], p = chances[i * map.told + t];
        rest -= p;
        if (t > 0 && p < 0.0005) continue;
        const row = element("tr"), head = element("th", null, {scope: "row"}), bar = element("td");
        head.append(swatch(k), componentName(k));
        const track = element("div", null, {class: "track", "aria-hidden": "true"}), fill = element("i", null, {class: "plain"});
        fill.style.width = 100 * p + "%";
        track.append(fill); bar.append(track);
        row.append(head, bar, element("td", probability(p)));
        body.append(row);
      }
      if (rest > 0.0005) {
        const row = element("tr");
        row.append(element("th", "all others", {scope: "row"}), element("td"), element("td", probability(rest)));
        body.append(row);
      }
      table.append(body);
      const values = element("table", null, {class: "values"}), lines = element("tbody");
      for (const axis of axes) {
        if (axis.about) continue;
        const row = element("tr");
        row.append(element("th", axis.name, {scope: "row"}), element("td", valueText(axis, axis.value(i))));
        lines.append(row);
      }
      values.append(lines);
      const frame = element("div", null, {class: "values-frame"});
      frame.append(values);
      card.replaceChildren(heading, element("p", "Probability of each component", {class: "quiet"}), table, frame);
    };
    const showRow = i => {
      shownRow = i;
      describeRow(i);
      markRow(i);
    };
    const markRow = i => {
      drawing.source("ring").data = i === null ? {x: [], y: []} :
        {x: [xAxis.value(i)], y: [isDensity ? heights() : yAxis.value(i)]};
    };
    const nearest = (event, reach) => {
      const sx = perPixel(figure.x_range, figure.inner_width), sy = perPixel(figure.y_range, figure.inner_height);
      let best = null, least = reach ** 2;
      for (const i of visible) {
        const across = (xAxis.value(i) - event.x) / sx, up = isDensity ? 0 : (yAxis.value(i) - event.y) / sy;
        const distance = across * across + up * up;
        if (distance < least) { least = distance; best = i; }
      }
      return best;
    };
    const tooltip = byId("tooltip");
    const hover = event => {
      const i = nearest(event, 12);
      markRow(i === null ? shownRow : i);
      tooltip.hidden = i === null;
      if (i === null) return;
      const lines = [element("p", `Row ${numbers[i]}`)];
      for (let t = 0; t < Math.min(map.told, 3); t++) {
        const k = told[i * map.told + t], p = chances[i * map.told + t];
        if (t > 0 && p < 0.0005) continue;
        const line = element("p");
        line.append(swatch(k), `${componentName(k)}: ${probability(p)}`);
        lines.push(line);
      }
      lines.push(element("p", `${xAxis.name} ${valueText(xAxis, xAxis.value(i))}`));
      if (!isDensity && xAxis !== yAxis) lines.push(element("p", `${yAxis.name} ${valueText(yAxis, yAxis.value(i))}`));
      tooltip.replaceChildren(...lines);
      const frame = byId("map-drawing").getBoundingClientRect();
      const right = event.sx > frame.width - 220;
      tooltip.style.left = right ? "" : event.sx + 16 + "px";
      tooltip.style.right = right ? frame.width - event.sx + 16 + "px" : "";
      tooltip.style.top = Math.max(0, Math.min(event.sy - 10, frame.height - 130)) + "px";
    };
    figure.on_event("mousemove", hover);
    figure.on_event("mouseleave", () => { tooltip.hidden = true; markRow(shownRow); });
    figure.on_event("tap", event => { const i = nearest(event, 28); if (i !== null) showRow(i); });

    byId("map-drawing").addEventListener("keydown", event => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10}[event.key];
      if (step === undefined && event.key !== "Home" && event.key !== "End") return;
      event.preventDefault();
      const order = [...visible].sort((i, j) => xAxis.value(i) - xAxis.value(j));
      if (!order.length) return;
      const place = order.indexOf(shownRow);
      const next = event.key === "Home" ? 0 : event.key === "End" ? order.length - 1 :
        place < 0 ? 0 : Math.max(0, Math.min(order.length - 1, place + step));
      showRow(order[next]);
    });

    const redraw = () => {
      drawRows(); drawComponents(); markRow(shownRow);
      document.querySelectorAll(".chip[data-component]").forEach(chip =>
        chip.setAttribute("aria-pressed", String(selected.has(Number(chip.dataset.component)))));
      byId("clear-selection").hidden = selected.size === 0;
    };
    document.querySelectorAll(".chip[data-component]").forEach(chip => chip.addEventListener("click", () => {
      const k = Number(chip.dataset.component);
      if (!selected.delete(k)) selected.add(k);
      redraw();
    }));
    byId("clear-selection").addEventListener("click", () => { selected.clear(); redraw(); });
    document.querySelectorAll(".show-component").forEach(button => button.addEventListener("click", () => {
      selected.clear(); selected.add(Number(button.dataset.component)); redraw();
      byId("map").scrollIntoView({behavior: "smooth"});
    }));
    document.querySelectorAll(".show-row").forEach(button => button.addEventListener("click", () => {
      const i = numbers.indexOf(Number(button.dataset.row));
      if (i < 0) return;
      selected.clear(); atMost = 1;
      if (slider) { slider.value = "1"; byId("certainty-value").textContent = "1.00"; }
      redraw(); showRow(i);
      byId("map").scrollIntoView({behavior: "smooth"});
    }));
    const slider = byId("certainty");
    if (slider) slider.addEventListener("input", () => {
      atMost = Number(slider.value);
      byId("certainty-value").textContent = atMost.toFixed(2);
      redraw();
    });
    const selects = [byId("axis-x"), byId("axis-y")];
    if (selects[0]) {
      selects.forEach((select, which) => {
        axes.forEach((axis, index) => select.append(element("option", axis.name, {value: index})));
        select.value = String(map.first[which]);
      });
      const choose = () => {
        [xAxis, yAxis] = selects.map(select => axes[Number(select.value)]);
        labelAxes(); redraw();
      };
      selects.forEach(select => select.addEventListener("change", choose));
      byId("swap-axes").addEventListener("click", () => {
        [selects[0].value, selects[1].value] = [selects[1].value, selects[0].value];
        choose();
      });
    }
    labelAxes(); redraw();
    dark.addEventListener("change", () => { applyTheme(drawing); redraw(); });
  };

  document.querySelectorAll(".copy").forEach(button => button.addEventListener("click", async () => {
    const text = button.parentElement.querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("pre"));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }));

  const start = async () => {
    root.classList.add("js");
    Bokeh.set_log_level("error");
    await drawMap();
    if (data.choice) await drawCurve();
    root.dataset.ready = "yes";
  };
  start().catch(error => {
    // The pictures and tables that the page has for readers without script serve in this case, too.
    root.classList.remove("js");
    console.error(error);
  });
})();
