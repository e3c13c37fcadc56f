"""The ground of the house: journal, life cycles, deadlines, clock, permissions. Knows no business."""
