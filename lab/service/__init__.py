"""The order service of one side: takes orders on its gate port while the side is active, reports on its service port always."""
