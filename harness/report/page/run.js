// Puts the page of a run together.

showHead();
showCause();
showChain();
showAgain();
showDifference();
showHits();
showPlaces();
startEvents();
Strips.start();
Theme.start(() => Strips.draw());
filter();
select(keyPlace());
if (!events.length) byId("details").append(el("p", { class: "quiet" }, "There are no events."));
document.documentElement.dataset.ready = "true";
