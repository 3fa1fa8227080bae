"""The audit report as PDF and as one self-contained HTML file."""

from dashboards.report.html import render_html
from dashboards.report.pdf import render_pdf

__all__ = ["render_html", "render_pdf"]
