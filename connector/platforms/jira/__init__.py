"""Jira Service Management behind the platform port: Cloud, and Data Center where it differs."""
