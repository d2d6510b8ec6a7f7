"""The colours of figures and pages: readable in print, in light and dark, and if colour-blind."""

BLUE, ORANGE, GREEN, PURPLE, GREY = "#1f6fb4", "#d1652a", "#2e8b57", "#7d5ba6", "#8a8f98"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE)
PHASE_TINTS = ("#eef3f8", "#ffffff")
