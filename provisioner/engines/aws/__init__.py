"""Actions of cloud services: calls of AWS' API, as a definition says them."""
