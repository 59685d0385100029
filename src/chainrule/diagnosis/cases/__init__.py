"""Cases: trainings as they are examined, whichever loop made them, and what they consist of."""
