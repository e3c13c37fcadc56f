"""One module per format turns a foreign body into our `AlertIn`s. Pure functions: no database, no clock of their own."""
