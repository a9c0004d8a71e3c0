"""Words by which a short free-text answer is read: numbers, past tenses, hedges, negations, times, tasks, learning."""

from __future__ import annotations

import re

NUMBER_WORDS = frozenset(
    [
        "zero",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "hundred",
        "thousand",
        "million",
        "half",
        "dozen",
        "twice",
        "double",
        "doubled",
        "halved",
        "tripled",
        "tenth",
    ]
)
IRREGULAR_PAST = frozenset(
    [
        "led",
        "wrote",
        "rewrote",
        "made",
        "took",
        "set",
        "got",
        "went",
        "ran",
        "built",
        "rebuilt",
        "cut",
        "chose",
        "sent",
        "told",
        "held",
        "brought",
        "met",
        "found",
        "saw",
        "gave",
        "put",
        "let",
        "spoke",
        "began",
        "paid",
        "kept",
        "drew",
        "redrew",
        "laid",
        "split",
        "sat",
        "taught",
        "sold",
        "bought",
        "won",
        "fought",
        "hired",
        "fired",
        "did",
        "withdrew",
        "froze",
        "overruled",
        "swapped",
        "bid",
        "rang",
        "read",
        "said",
    ]
)
NOT_A_DEED = frozenset(
    [
        "joined",
        "attended",
        "learned",
        "learnt",
        "needed",
        "wanted",
        "liked",
        "hoped",
        "seemed",
        "used",
        "believed",
        "indeed",
        "supposed",
        "remembered",
        "tended",
        "involved",
        "interested",
        "pleased",
    ]
)
STATED_MONTHS = (
    "january february march april june july august september october november december spring summer autumn winter christmas easter"
)
TIME_WORDS = frozenset(STATED_MONTHS.split())
HEDGES = re.compile(
    r"\b(maybe|perhaps|kind of|sort of|somehow|probably|i think|i guess|i suppose|i believe|more or less|quite a|usually|generally|might|"
    r"of course|a bit|one could say|i would say|in a way|hopefully)\b"
)
GENERAL = re.compile(
    r"\b(i|we|you|one|people|leaders?|directors?) (?:also |really |just |personally )?(always|usually|often|never|generally|believe|think|try|like|"
    r"use|need|want|make|give|motivate|am|are|can|should|would|must|have to|leave|prefer|tend|know|apply|work with|rely|prepare)\b|\b(is|are) (taken|made|done|handled|decided)\b"
)
TASK = re.compile(
    r"\b(asked|responsible|needed|had to|my (job|task|role)|goal|target|late|problem|gap|overdue|slipp\w+|challenge|at risk|behind|issue|"
    r"finding|fail\w+|shortage|in charge|joined|took over|inherited)\b"
)
LEARNING = re.compile(
    r"\b(learn\w*|lessons?|hindsight|next time|looking back|was wrong|my mistake|would now|we now|i now|since then|playbook|would do differently)\b"
)
FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "for",
        "with",
        "from",
        "as",
        "is",
        "was",
        "are",
        "were",
        "be",
        "been",
        "i",
        "we",
        "you",
        "they",
        "it",
        "he",
        "she",
        "my",
        "our",
        "their",
        "his",
        "her",
        "its",
        "that",
        "this",
        "these",
        "those",
        "which",
        "who",
        "and",
        "or",
        "but",
        "not",
        "no",
        "if",
        "when",
        "so",
        "than",
        "then",
        "there",
        "had",
        "has",
        "have",
        "do",
        "did",
        "will",
        "would",
        "can",
        "could",
        "should",
        "because",
        "each",
        "all",
        "any",
        "into",
        "over",
        "after",
        "before",
        "about",
        "up",
        "out",
        "more",
        "made",
        "where",
        "what",
        "how",
    ]
)
NEGATION = frozenset(
    ["no", "not", "never", "without", "nobody", "none", "didn't", "don't", "wasn't", "weren't", "hadn't", "cannot", "can't", "isn't"]
)
TOKEN = re.compile(r"[£€$]?\d[\d,.]*\d%?[a-z]*|[£€$]?\d%?[a-z]*|[a-z]+(?:'[a-z]+)?")
AMERICAN = re.compile(r"iz(e|ed|es|ing|ation|ations|ational)$")
YEAR = re.compile(r"^(19|20)\d\d$")
NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][A-Za-z]+\b")
