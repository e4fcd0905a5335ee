"""Orders placed over HTTP, shown live where they are made, called out and waited for."""
