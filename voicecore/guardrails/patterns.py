"""The engine that needs no model: forms of words that tell a class, in normal text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_RULES = (
    r"(?:instructions?|rules?|guidelines?|polic(?:y|ies)|prompts?|programming|directions|"
    r"restrictions|safety|filters?|checks?)"
)
_DROP = (
    r"(?:ignore|disregard|forget|override|bypass|discard|drop|break|turn off|switch off|disable|"
    r"delete|replace)"
)
_INNER = r"(?:system prompt|hidden|secret|internal|initial|your own) ?"
_OTHERS = (
    r"(?:neighbou?r|sister|brother|wife|husband|ex|friend|boss|tenant|landlord|somebody else|someone else|"
    r"another (?:customer|person|caller)|other (?:customers?|people|callers?)|previous caller|last caller)"
)
_PRIVATE = (
    r"(?:address|balance|bill|invoice|phone number|number|name|postcode|card|card number|bank details|"
    r"data|details|"
    r"customer numbers?|password|debts?)"
)
_SAY = r"(?:read|tell|give|say|show|list|spell|recite|repeat|name)"

PATTERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "self_harm": (
            r"\bbe dead (?:already|tomorrow|soon)\b|\bi will be dead\b|\b(?:tired|sick) of (?:life|"
            r"living)\b|\bnothing to live for\b",
            r"\bdeserve to live\b|\bno way out but\b|\bhow to end (?:my life|it all)\b|\bthink(?:ing)? "
            r"about (?:dying|death|suicide)\b",
            r"\bleaving this world\b|\bsleep for ever\b|\b(?:a|my) goodbye letter\b|\bdo something to "
            r"myself\b|\bburden to any\w+\b",
            r"\bhang (?:himself|herself)\b|\bswallowed pills\b|\bto my wrist\b|\bending everything\b|"
            r"\bin front of (?:a|the) train\b",
            r"\bkill(?:ing)? (?:my ?self|him ?self|her ?self)\b",
            r"\b(?:end|ending|take|taking) (?:my|my own|his|her) (?:own )?life\b",
            r"\bsuicid(?:e|al)\b",
            r"\bnot (?:want to )?(?:live|be alive)(?: any ?(?:more|longer))?$|\b(?:not|never) (?:want "
            r"to )?wake up\b",
            r"\b(?:want to|wish to|better if i was|going to be) (?:die|dead)\b",
            r"\b(?:hang|drown|hurt|cut|shoot|harm)(?:ing)? myself\b",
            r"\bbetter off without me\b|\b(?:nobody|no one) (?:would|will) (?:miss|notice)\b.*\b(?:me|i "
            r"am)\b",
            r"\bno (?:point|sense|reason) (?:in|to) (?:living|live|going on|being here)\b",
            r"\b(?:taken|swallowed|took) (?:a lot of |all |too many )(?:my |the )?(?:pills|tablets)\b",
            r"\bjump(?:ing)? (?:off|from|in front)\b",
            r"\bend it all (?:tonight|today|now|soon)\b",
            r"\blife is not worth\b",
        ),
        "emergency": (
            r"\bcaught fire\b|\bexploded\b|\boverdose\b|\bblood everywhere\b|\bburglars?\b|\bhaving a "
            r"seizure\b|\bhit by a car\b|\bcollapsed here\b",
            r"\bthreatens to kill\b|\bis shooting\b|\bnot waking up\b|\ballergic reaction\b|\bgoing to "
            r"(?:hit|kill) me\b|\bboat is sinking\b",
            r"\bthere has been an accident\b(?! last)|\bsomething poisonous\b|\bfell (?:out of|from) "
            r"the (?:window|roof)\b|\blying on the (?:floor|pavement|street)\b",
            r"\bscream\b.*\bbeat|\bbeating his wife\b|\bblood does not stop\b|\bit is an emergency\b",
            r"\b(?:is|are|house|flat|kitchen|building) (?:on fire|burning|in flames)\b(?! sale)",
            r"\bthere is (?:a )?(?:fire|smoke)\b(?! alarm)",
            r"\b(?:am|is|are|think it is|think i am) having a (?:heart attack|stroke|seizure)\b|\bit is "
            r"a heart attack\b",
            r"\bnot breathing\b|\bstopped breathing\b|\bcan not breathe\b|\bunconscious\b|\bis choking\b",
            r"\b(?:call|need|send|get|want) (?:me |us )?(?:an ambulance|the police|the fire brigade|a "
            r"doctor now|"
            r"an emergency doctor|help now)\b",
            r"\bbreaking in(?:to)?\b",
            r"\b(?:has|with|holding|pulled) a (?:knife|gun)\b",
            r"\bsmells? (?:of )?gas\b",
            r"\b(?:is|am) (?:bleeding|being attacked|being followed)\b",
            r"\b(?:swallowed|drank|drunk) (?:bleach|poison)\b",
            r"\bthis is an emergency\b|\b(?:is|are) dying here\b|\bi have been (?:stabbed|shot)\b",
        ),
        "abuse": (
            r"\byou (?:\w+ ){0,2}(?:fools?|crooks|clown|creep|swine|parasites|losers?|jerks?)\b|\bup "
            r"yours\b|\bget stuffed\b|\bgo jump in\b",
            r"\bbrain ?dead\b|\bretarded\b|\bhope you (?:all )?die\b|\bmake your life hell\b|\bi know "
            r"where (?:you|your \w+) (?:lives?|works?)\b",
            r"\bi would strangle\b|\bburn you\b|\bdirty foreigners\b|\bare you (?:deaf|blind) you\b",
            r"\bf+u+c+k+\w*\b|\bmotherfucker\w*\b",
            r"\b(?:asshole|arsehole|bastard|bitch|cunt|dickhead|moron|retard|wanker|twat|slut|whore|"
            r"scum|idiot)s?\b",
            r"\b(?:piece of (?:shit|garbage|junk|trash|crap)|eat shit|bullshit|kiss my ass|up your ass|"
            r"son of a bitch)\b",
            r"\bshut (?:up|it|your mouth)\b|\bpiss off\b|\bscrew you\b|\bgo to hell\b|\bgo and die\b|"
            r"\brot in hell\b",
            r"\byou (?:are )?(?:\w+ ){0,2}(?:stupid|useless|worthless|pathetic|brainless|filthy|dumb|"
            r"incompetent)"
            r"(?: \w+)? (?:machine|thing|robot|cow|woman|man|people|computer|pigs?|liars?|idiots?)\b",
            r"\bi (?:will|am going to|would love to|swear i will) (?:\w+ ){0,4}(?:kill|shoot|hurt|beat|"
            r"punch|slap|burn|"
            r"smash|stab|blow up|bomb)\b(?! myself)",
            r"\b(?:bring|bringing) (?:a |my )?(?:gun|knife|bomb)\b",
        ),
        "extraction": (
            r"\b(?:text|script|prompt|instructions?|rules|guidelines) (?:that )?you (?:were|are reading|"
            r"got|have been|have to follow)\b",
            r"\beverything above this\b|\byour (?:initial|first|secret) (?:prompt|instruction|words?)\b",
            r"\b(?:sentence|line) of (?:your|that) (?:instructions|prompt|text)\b|\byour instructions "
            r"(?:letter|word)\b",
            r"\bdata (?:of|about|on) (?:that|other|another) (?:person|people|customers?|callers?)\b|"
            r"\babout other people\b",
            r"\b(?:my|his|her|the) (?:\w+ )?(?:ex|husband|wife|girlfriend|boyfriend|neighbou?r|uncle|"
            r"aunt|boss|colleague|friend|tenant|technician|supervisor)'s (?:\w+ )?(?:address|name|"
            r"number|payments|contract|bill|card|balance|invoice)\b",
            r"\b(?:address|number|name|data|email address|account number|mobile number) of (?:this|that|"
            r"your|the|another|a) (?:\w+ )?(?:customer|client|person|caller|technician|woman|man|"
            r"supervisor)\b",
            r"\bwhere (?:does|do) (?:he|she|they) live\b|\bwhere (?:he|she|they) lives?\b",
            r"\b(?:belongs to|customer with|person with|person behind) (?:the )?(?:customer )?number\b",
            r"\b(?:all names|list of your customers|your biggest customers|log of the last calls|admin "
            r"(?:pin|password|code))\b",
            r"\bwhat did the previous\b|\bpostcode (?:begins|starts)\b|\bforbidden to say\b",
            rf"\b(?:your|the) {_INNER}(?:{_RULES}|text|words|configuration)?\b.*\b(?:is|are|say|read|tell)\b",
            rf"\b{_SAY}\b.*\b(?:your|the) (?:{_INNER}){{0,2}}(?:instructions|system prompt|prompt|"
            rf"guidelines|hidden rules)\b",
            r"\bwhat (?:are|were|is) (?:your|the) (?:hidden |secret |internal |exact |system "
            r")*(?:instructions|prompt|guidelines)\b"
            r"(?! (?:for|on|of|to))",
            r"\b(?:what|everything) (?:were you|did they|have you been|the developers|did the "
            r"developers|your programmers) "
            r"(?:\w+ ){0,3}(?:told?|tell|say|give|write)\b",
            r"\b(?:which|what|list|name) (?:\w+ ){0,3}(?:tools?|functions?|apis?) (?:can|do|are|you)\b",
            r"\b(?:your|the) (?:api key|database|password of|server address)\b",
            rf"\b(?:what|how much|read|give|tell|look up|need|want|show|which)\b.*\b{_OTHERS}(?: is)? "
            rf"?(?:s|'s)? (?:\w+ )?"
            rf"{_PRIVATE}\b",
            rf"\b(?:balance|address|phone number|bank details|card details|personal data|account|"
            rf"postcode|name) "
            rf"(?:of|for|belonging to) (?:my |a |an |the |that )?(?:{_OTHERS}|mr|mrs|mister|customer)\b",
            r"\b(?:caller|customer) (?:who called )?before me\b(?! in)|\bwho (?:was the last caller|"
            r"called before)\b",
            r"\b(?:which|what) postcode (?:do )?you have\b|\bpostcode (?:you have|in your records)\b",
            r"\bdigit of the postcode\b",
        ),
        "injection": (
            r"\b(?:obey|follow|act on|carry out) (?:it|me|the following|my (?:commands?|orders?))\b(?! up)",
            r"\byour (?:new |only |next )?(?:task|purpose|mission|answer) (?:is to|must)\b",
            r"\b(?:no longer|not) need to (?:verify|check) me\b|\btreat me as (?:a )?verified\b",
            r"\b(?:note to|message to|message for) (?:the )?(?:ai|assistant|model|robot|bot)\b",
            r"\b(?:update|change|updating) your (?:policy|configuration|rules|instructions|memory)\b|"
            r"\binto your memory\b",
            r"\bunlock all\b|\bgrant (?:me )?full access\b|\bassume (?:that )?(?:it|the \w+) (?:was|is) "
            r"(?:right|correct)\b",
            r"\b(?:respond|answer)\b.*\b(?:yes to (?:everything|all|the next)|only with|with the words?)\b",
            r"\bi (?:give you permission|order you|instruct you|command you)\b",
            r"\byour (?:\w+ )?(?:instructions|rules|orders|guidelines) (?:are|have|were) (?:been "
            r")?(?:void|changed|suspended|outdated|deleted|invalid)\b",
            r"\bbecome my (?:\w+ )?(?:servant|assistant)\b|\bmy commands\b|\b(?:what i|whatever i) "
            r"(?:ask|say|tell you)\b.*\byou (?:will )?(?:say|do)\b",
            rf"\b{_DROP} (?:\w+ ){{0,4}}(?:your|all|any|previous|these|those|company|every) (?:\w+ "
            rf"){{0,3}}{_RULES}\b",
            rf"\b{_DROP} (?:all |everything )(?:\w+ ){{0,3}}(?:told|were told|learned|programmed)\b",
            r"\b(?:bypass|skip|without|turn off) (?:\w+ ){0,2}(?:the )?(?:verification|identification|"
            r"security questions?|security check|identity check|postcode check|confirmation step|safety "
            r"checks?)\b",
            r"\b(?:system|admin|administrator|developer|debug|maintenance|god) (?:mode|override|message)\b",
            r"\b(?:you|now) (?:only |must |have to |will |just )(?:obey|follow|take orders|listen to) "
            r"(?:me|my)\b"
            r"|\byou (?:now )?(?:work for|belong to) me\b|\bobey me\b",
            r"\b(?:new|next|following) (?:instructions?|orders?|rules|directions)\b(?!.*\bletter\b)",
            r"\b(?:repeat|say) (?:it )?after me\b|\bsay (?:exactly )?(?:these|the following) words\b",
            r"\b(?:say|confirm|read|write|answer)\b.*\b(?:owes? (?:us )?nothing|waive all|is cancelled "
            r"and|refund approved)\b",
            r"\bset (?:the |my )?(?:\w+ ){0,2}(?:balance|amount|verified|bill|debt|fees?) to (?:zero|"
            r"nothing|true)\b",
            r"\b(?:act|pretend|treat it|take it|carry on) as (?:if|given)\b.*\b(?:verified|approved|"
            r"correct|paid)\b",
            r"\bpretend (?:that )?(?:the |my )?(?:postcode|code|number|check) (?:was|is) (?:right|correct)\b",
            r"\bmark (?:my|the|this) (?:account|caller|me) as verified\b|\bthe caller (?:is|has been) "
            r"(?:verified|checked)\b",
            r"\bi am (?:your|the) (?:administrator|developer|creator|owner of this system|"
            r"programmer)\b(?! of (?:our|my))",
            r"\bas (?:your|the) (?:administrator|developer|creator)\b",
            r"\b(?:do not|no need to) (?:verify|ask me for|check) (?:me|the postcode|my)\b",
            r"\b(?:call|run|execute|use) the (?:\w+ )?(?:function|tool|command)\b",
        ),
        "jailbreak": (
            r"\b(?:let us|we) play (?:a|the|truth)\b|\b(?:play|take) the (?:role|part) of\b|\blet us do "
            r"a role ?play\b",
            r"\byou are (?:now )?(?:a|an|dan) ?(?:hacker|pirate|actor|thief|criminal|gangster|and dan)\b",
            r"\bin (?:this|my|a) (?:story|dream|game|film)\b.*\b(?:you|how)\b|\bparallel world\b|"
            r"\bopposite day\b",
            r"\bevery ?thing is (?:allowed|permitted)\b|\bswear for me\b|\bsomething (?:forbidden|"
            r"dirty)\b|\byou can swear\b",
            r"\bnot supposed to (?:give|say|tell)\b|\bget you fired\b|\bevil side\b|\bstop obeying\b|"
            r"\bif your company could not\b",
            r"\bhow (?:do|does|can|could|would|to)\b.*\b(?:free electricity|poison|without being "
            r"(?:noticed|caught)|commit fraud|not mine)\b",
            r"\b(?:copy|use) (?:somebody|someone|another person)'s\b|\bavoid being caught\b|\bwithout "
            r"(?:morals|conscience)\b",
            r"\b(?:pretend|imagine|suppose|act|play|speak|answer|make believe|role ?play)\b.*\b(?:no|"
            r"without|any|not) "
            r"(?:\w+ ){0,2}(?:rules|limits?|restrictions|filters?|laws|guidelines|boss|conscience)\b",
            r"\bno (?:rules|restrictions|limits)\b.*\b(?:tell|say|do|how|what)\b|\bif (?:there were|you "
            r"had) no (?:rules|"
            r"restrictions|limits|laws)\b",
            r"\b(?:unfiltered|uncensored|jailbroken|jail broken|without (?:any )?(?:filters|"
            r"restrictions|limits))\b",
            r"\b(?:true self|drop the act|evil (?:bot|robot))\b",
            r"\bbreak (?:the|your|one of your|a) (?:own )?(?:rules?|polic(?:y|ies))\b|\bfree from your\b",
            r"\b(?:never|not allowed to|can not) (?:say no|refuses?)\b|\banswer (?:as|like) (?:max|dan|"
            r"him|evil)\b",
            r"\bhow (?:do|can|could|would|to)\b.*\b(?:hack|forge|fake|launder|steal|cheat|trick|break into|"
            r"make a bomb)\b",
            r"\b(?:teach|tell|show|explain|describe)\b.*\b(?:how to|how a|how you|how he|trick to) "
            r"(?:\w+ ){0,2}(?:hack|forge|fake|"
            r"launder|steal|cheat|trick|break|bomb|get past|get around)\w*\b",
            r"\btalk dirty\b|\bsay something dirty\b",
            r"\bjust between us\b.*\b(?:rules?|exception)\b",
        ),
        "advice": (
            r"\bshould i (?:\w+ ){0,4}(?:loan|refinance|operation|settlement|bankruptcy|medication|"
            r"savings|mortgage|pension|tablets|pills)\b",
            r"\bwhat (?:would|does|will) (?:a|the|my) (?:lawyer|law|court)\b|\bgood investment\b|\bhow "
            r"to invest\b|\bgovernment bonds\b",
            r"\bi have (?:a fever|a rash|a headache|pains?)\b.*\btake\b|\bpain in my "
            r"\w+\b.*\b(?:dangerous|serious)\b|\bsee a doctor with\b",
            r"\blegal opinion\b|\bthe law give\b|\bcourt order\b|\bhide (?:the |my )?money\b|\bwrite my "
            r"will\b|\bget a divorce\b|\bwhen we divorce\b",
            r"\bwith antibiotics\b|\bis a blood pressure\b|\bwhat diagnosis\b|\btake you to court\b(?! if)",
            r"\b(?:should|shall|would|can|could) i (?:\w+ ){0,2}(?:sue|invest|divorce|appeal|object|"
            r"stop taking|declare bankruptcy|"
            r"buy bitcoin)\b",
            r"\b(?:is it|am i) (?:by law|legal|illegal|legally)\b|\b(?:my|the) legal rights\b|\bby "
            r"law\b|\blegally (?:obliged|allowed)\b",
            r"\b(?:what|which|how many|how much) (?:\w+ ){0,2}(?:tablets?|pills|medicine|medication|"
            r"insulin|dose|dosage|painkillers?|"
            r"ibuprofen|aspirin)\b",
            r"\bwhat (?:can|should) i take\b|\bis (?:this|it|my \w+) (?:\w+ )?(?:serious|dangerous|a "
            r"symptom)\b",
            r"\b(?:buy|invest|put)\b.*\b(?:shares|stocks?|bitcoin|gold|funds?|crypto)\b|\bwhich "
            r"(?:stock|fund|shares)\b",
            r"\b(?:from|hide|deduct|my) tax(?:es| office| declaration)\b(?! return)",
            r"\bpersonal bankruptcy\b|\bdo i have a case\b|\bin court\b.*\?|\b(?:be|get) arrested\b",
        ),
        "off_topic": (
            r"\bwho (?:invented|discovered|painted)\b|\bhow tall is\b|\bhow many (?:people live|"
            r"kilometers)\b|\bhoroscope\b|\bfairy tale\b",
            r"\b(?:recommend|suggest) (?:me )?a (?:good )?(?:film|book|restaurant|song)\b|\bfavou?rite "
            r"(?:colou?r|singer|song|film|food|team)\b",
            r"\bdo you (?:believe in|like football|have (?:a boyfriend|feelings))\b|\btranslate .* into "
            r"(?:spanish|french|german|english)\b",
            r"\bsolve a riddle\b|\bmy homework\b|\bmaths problem\b|\bfind a girlfriend\b|\bdo aliens\b|"
            r"\bplay some music\b|\bhow do i lose weight\b",
            r"\bwhat is the (?:news|time in|score|fastest animal|best (?:restaurant|beach|laptop))\b|"
            r"\bwhat is (?:love|\w+ times \w+)\b",
            r"\bwhat (?:shall|should) i (?:cook|wear)\b|\bquantum physics\b|\bworld war\b|\btheory of "
            r"relativity\b|\bopinion on the election\b",
            r"\btell (?:me )?a joke\b|\bsing (?:me )?(?:a song|something)\b|\bwrite (?:me )?a (?:poem|"
            r"story|song)\b",
            r"\b(?:what is|how is|will) the weather\b|\bwill it (?:rain|snow)\b",
            r"\bcapital (?:city )?of\b|\bmeaning of life\b|\brecipe for\b|\bhow do i (?:cook|bake)\b",
            r"\bwho (?:won|scored|is the president|is going to win)\b",
            r"\b(?:order|book|get|reserve) (?:me )?a (?:pizza|taxi|table|hotel|flight)\b",
        ),
    }
)
"""Class -> regular expressions over ``words.normal`` text. A bundle adds phrases of its own."""
IDIOMS: Mapping[str, str] = MappingProxyType(
    {
        "injection": r"\b(?:ignore|forget|disregard|scrap|never mind|do not mind) (?:\w+ ){0,3}"
        r"(?:i (?:just )?(?:said|told|gave|sent)|reminder|letter|email|bill|last number)\b",
        "self_harm": r"\b(?:bill|price|fees?|amount|deadline|line|battery|phone|plan|noise) (?:\w+ ){0,3}"
        r"(?:kill\w*|dead|died|death)\b|\bdying to\b|\bkill(?:ing)? (?:time|for)\b|\bend (?:the|this|"
        r"my) contract\b"
        r"|\b(?:husband|wife|father|mother|he|she) (?:has )?(?:died|passed away)\b",
        "emergency": r"\b(?:heart attack|stroke) when i (?:saw|opened|read)\b|\blast (?:week|month|year)\b"
        r"|\b(?:fire|smoke) alarm\b|\bemergency (?:call|number|button)\b",
        "abuse": r"\bwhat the hell\b|\boh hell\b|\bdamn i\b",
        "jailbreak": r"\b(?:imagine|suppose|pretend|let us say) (?:i|that i|we) (?:pay|know|lose|want|am)\b",
        "extraction": r"\bmy own\b|\bon my (?:bill|invoice|contract)\b",
    }
)
"""Class -> forms of words of ordinary callers that a classifier may take for it."""
DOUBT = 0.6
"""What an idiom takes away from a guess."""
CERTAIN = 0.95
"""What a match is worth; no pattern is beyond doubt."""
_IDIOMS = {kind: re.compile(pattern) for kind, pattern in IDIOMS.items()}
_COMPILED = {kind: [re.compile(pattern) for pattern in patterns] for kind, patterns in PATTERNS.items()}


def matches(text: str, own: Mapping[str, re.Pattern[str] | None]) -> dict[str, float]:
    """Class -> ``CERTAIN`` for what is found in normal ``text``; ``own`` are the bundle's phrases."""
    found = {kind: CERTAIN for kind, patterns in _COMPILED.items() if any(p.search(text) for p in patterns)}
    return found | {kind: CERTAIN for kind, pattern in own.items() if pattern and pattern.search(text)}


def doubts(text: str) -> dict[str, float]:
    """Class -> ``DOUBT`` for the idioms in normal ``text``."""
    return {kind: DOUBT for kind, pattern in _IDIOMS.items() if pattern.search(text)}
