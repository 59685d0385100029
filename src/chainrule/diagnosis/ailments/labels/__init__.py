"""The stories that end in labels which do not go together with the inputs, a room for each."""
