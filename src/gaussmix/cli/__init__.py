"""The command `gaussmix`: one file a command, without logic of its own."""
