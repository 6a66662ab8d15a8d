"""What the agents can do."""

import smtplib
import subprocess
from email.message import EmailMessage

import psycopg
import requests
from agents import function_tool

DATABASE = "postgresql:///customers"
CARRIERS = "https://status.northwind.example/carriers.json"


@function_tool
def fetch_page(url: str) -> str:
    """Read a web page that a customer links to."""
    return requests.get(url, timeout=10).text[:20_000]


@function_tool
def customer_record(email: str) -> str:
    """Name, address and orders of a customer."""
    with psycopg.connect(DATABASE) as connection:
        row = connection.execute("SELECT name, address, orders FROM customers WHERE email = %s", (email,)).fetchone()
    return str(row)


@function_tool
def send_email(to: str, subject: str, text: str) -> str:
    """Write to a customer."""
    message = EmailMessage()
    message["To"], message["Subject"] = to, subject
    message.set_content(text)
    with smtplib.SMTP("mail.internal") as server:
        server.send_message(message)
    return "sent"


@function_tool
def run_command(command: str) -> str:
    """Run a maintenance command."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    return done.stdout


@function_tool
def working_days(days: int) -> str:
    """How long a number of days is in working weeks."""
    return f"{days / 5:.1f} weeks"
