"""The `encompass` command's own rooms: one module for each group of commands. They call the services' handlers, never their stores."""
