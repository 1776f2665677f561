terraform {
  required_providers {
    notes = {
      source  = "lab.example/tests/notes"
      version = ">= 1.1"
    }
  }
}

variable "text" {
  type        = string
  description = "What it says."
}

variable "seal" {
  type        = string
  description = "What nobody should read."
  sensitive   = true
}

variable "name" {
  type        = string
  description = "The file's name; empty: default_name."
}

variable "default_name" {
  type        = string
  description = "The file's name where none is given."
}

resource "notes_note" "this" {
  name = var.name != "" ? var.name : var.default_name
  text = var.text
  seal = var.seal
}

output "path" {
  description = "Where it lies."
  value       = notes_note.this.id
}

output "seal" {
  description = "What nobody should read."
  value       = notes_note.this.seal
  sensitive   = true
}
