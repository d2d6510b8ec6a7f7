"use strict";
// Draws the charts that stand as JSON in the page. Colours are names of the page's style, such as
// "var(--ink)", and are looked up again when the reader changes between light and dark.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const NARROW = 560;
  const LABEL = 16;
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };

  const coloured = (value, style) => {
    if (typeof value === "string") {
      const name = /^var\((--[a-z0-9-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((one) => coloured(one, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, style)]));
  };

  const axis = (own) => ({
    gridcolor: "var(--grid)", linecolor: "var(--axis)", tickcolor: "var(--axis)",
    zerolinecolor: "var(--grid)", automargin: true, exponentformat: "power", ...own,
  });

  const layout = (chart, width) => {
    const own = chart.layout;
    const y = axis(own.yaxis);
    if (width < NARROW && y.ticktext) {
      y.ticktext = y.ticktext.map((t) => (t.length > LABEL ? "…" + t.slice(1 - LABEL) : t));
    }
    const hasLegend = own.showlegend ?? chart.data.length > 1;
    return {
      showlegend: hasLegend, hovermode: "x unified", dragmode: "zoom",
      legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0,
        font: { size: 11 } },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: "var(--ink)", size: 12 },
      hoverlabel: { bgcolor: "var(--card)", bordercolor: "var(--rule)", font: { color: "var(--ink)" },
        namelength: 40 },
      ...own,
      xaxis: axis(chart.overSteps ? { title: { text: "step", standoff: 6 }, tickformat: ",~d",
        ...own.xaxis } : own.xaxis),
      yaxis: y,
      margin: { l: 56, r: 14, t: 14, b: hasLegend ? 66 : 42, ...own.margin },
      height: chart.height,
    };
  };

  const drawn = new Set();
  const draw = (place) => {
    const chart = charts[Number(place.dataset.chart)];
    const style = getComputedStyle(document.documentElement);
    const made = coloured({ data: chart.data, layout: layout(chart, place.clientWidth) }, style);
    const isNew = !drawn.has(place);
    drawn.add(place);
    return Plotly.react(place, made.data, made.layout, CONFIG).then(() => {
      if (isNew && chart.overSteps) place.on("plotly_relayout", (change) => follow(place, change));
    });
  };

  // Charts over steps are zoomed together. What is changed here is heard of again, and is not news.
  let isFollowing = false;
  const follow = (source, change) => {
    const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
    if (isFollowing || (from === undefined && !change["xaxis.autorange"])) return;
    const wanted = from === undefined ? { "xaxis.autorange": true } : { "xaxis.range": [from, to] };
    isFollowing = true;
    const others = [...drawn].filter(
      (one) => one !== source && one.clientWidth && charts[Number(one.dataset.chart)].overSteps);
    Promise.all(others.map((one) => Plotly.relayout(one, wanted))).finally(() => {
      isFollowing = false;
    });
  };

  const places = [...document.querySelectorAll(".plot")];
  places.forEach((place) => {
    place.style.minHeight = `${charts[Number(place.dataset.chart)].height}px`;
  });
  const drawVisible = () => places.filter((p) => p.clientWidth && !drawn.has(p)).forEach(draw);
  drawVisible();
  document.querySelectorAll("details").forEach((one) => one.addEventListener("toggle", drawVisible));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
})();
