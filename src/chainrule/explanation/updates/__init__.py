"""Steps of a training, taken again: their rule, and from which steps a change comes."""
