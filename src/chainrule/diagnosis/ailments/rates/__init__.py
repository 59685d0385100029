"""What keeps a training from going far enough, a room for each: steps, rates, schedules, epochs."""
