"""The dashboard: pages made on the server from stored records, usable without JavaScript."""
