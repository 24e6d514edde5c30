"use strict";
// Draws every chart from the specification that stands beside it. Without it the tables below the charts remain.
(function () {
  const options = {
    mode: "vega-lite",
    actions: false,
    ast: true, // expressions are interpreted, so the page needs no permission to evaluate code
    renderer: "svg",
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true, theme: "custom" },
  };
  const drawn = Array.from(document.querySelectorAll("[data-chart]"), async (figure) => {
    const target = figure.querySelector(".plot");
    const specification = JSON.parse(figure.querySelector("script").textContent);
    try {
      const result = await window.vegaEmbed(target, specification, options);
      figure.classList.add("drawn");
      return result;
    } catch (error) {
      target.textContent = "This chart could not be drawn; its numbers are in the table below.";
      console.error(error);
      return null;
    }
  });
  window.chartsReady = Promise.all(drawn).then((results) => results.filter(Boolean).length);
})();
