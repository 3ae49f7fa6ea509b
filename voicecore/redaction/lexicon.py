"""Words that names are told by: common first names and surnames, and common words that are no names."""

from __future__ import annotations

from voicecore.spoken.words import listed

FIRST = frozenset(
    listed(
        """
        james john robert michael william david richard joseph thomas charles christopher daniel matthew
        anthony donald steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason
        jeffrey ryan jacob gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel
        gregory frank alexander raymond patrick jack dennis jerry tyler aaron jose adam henry nathan douglas
        zachary peter kyle walter ethan jeremy harold keith christian roger noah gerald carl terry sean
        austin arthur lawrence jesse dylan bryan joe jordan billy bruce albert willie gabriel logan alan
        juan wayne roy ralph randy eugene vincent russell elijah louis bobby philip johnny steve tom tim
        mike dave dan jim bob rob matt chris nick tony greg jeff ben sam alex mary patricia jennifer linda
        elizabeth barbara susan jessica sarah karen lisa nancy betty margaret sandra ashley kimberly emily
        donna michelle carol amanda dorothy melissa deborah stephanie rebecca sharon laura cynthia kathleen
        amy angela shirley anna brenda pamela emma nicole helen samantha katherine christine debra rachel
        carolyn janet catherine maria heather diane ruth julie olivia joyce virginia victoria kelly lauren
        christina joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara
        madison frances kathryn janice jean abigail alice julia judy sophia denise amber doris marilyn
        danielle beverly isabella theresa diana natalie brittany charlotte marie kayla alexis lori jane lucy
        ella chloe mia zoe kate katie sue beth jenny anne claire fiona gemma nigel graham trevor ian colin
        stuart hamish angus liam niamh mohammed muhammad ahmed ali omar fatima aisha hassan ibrahim priya
        raj anil sanjay deepak sunita anjali ravi vikram arjun wei ming li jing hiroshi yuki kenji carlos
        luis miguel jorge pedro rosa carmen sofia lucia diego hans klaus jurgen dieter stefan ingrid heidi
        greta sven lars bjorn olga ivan sergei natasha dmitri pierre francois jacques amelie antoine
        giovanni marco luca giulia paolo kofi kwame oluwaseun chidi ngozi amara harvey oscar leo theo oliver
        amelia isla ava freya poppy derek clive doreen maureen gareth rhys sian tamika jamal darnell latoya
        keisha tyrone malik leticia guadalupe esperanza esteban mateo valentina
        """
    )
)
SURNAMES = frozenset(
    listed(
        """
        smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez
        wilson anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark
        ramirez lewis robinson walker young allen king wright scott torres nguyen hill flores green adams
        nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans turner diaz parker
        cruz edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper
        peterson bailey reed kelly howard ramos kim cox ward richardson watson brooks chavez wood james
        bennett gray mendoza ruiz hughes price alvarez castillo sanders patel myers long ross foster jimenez
        powell jenkins perry russell sullivan bell coleman butler henderson barnes fisher vasquez simmons
        graham murray ford castro marshall owens harrison fernandez mcdonald woods washington kennedy wells
        chen wang li zhang liu singh kumar shah khan ali hussain ahmed o'brien o'connor o'neill ryan walsh
        mueller schmidt schneider fischer weber meyer wagner becker schulz hoffmann kowalski nowak ivanov
        petrov rossi russo ferrari bianchi dubois durand moreau silva santos tanaka suzuki yamamoto sato
        park choi rosenberg goldberg cohen levy katz adeyemi okafor mensah raman iyer doe spencer fletcher
        whitaker
        """
    )
)
TITLES = frozenset(listed("mister mr missus mrs miss ms doctor dr professor madam"))
CALLINGS = frozenset(listed("nurse officer judge sister brother uncle aunt captain reverend father"))
"""Before a common surname these are titles too."""
DOUBTFUL = frozenset(
    listed(
        "may will mark grace hope bill art rose faith joy drew chase dawn summer april june august june "
        "jack jean christian li long price park young white green brown king wood woods hill wells ward "
        "bell cook baker ford martin lee terry frank sue pat rob jose virginia madison austin jordan logan"
        " oscar victoria charlotte carol gray reed cox ryan kelly miller taylor ann amber ruby luca mike "
        "victor juliet romeo charlie"
    )
)
"""First names and surnames that mean something else too: alone they are no name."""
WORDS = frozenset(
    listed(
        """
        dot a about account after again agent all already also always am an and another any anybody anyone
        anything are around as ask asked asking at away back bad balance bank be because been before being
        best better big bill billing both broken business busy but buy by bye call called caller calling
        calls came can can't cancel card care case change charge charged charges check checking close code
        come coming company complaint confused contact contract correct cost could couldn't credit current
        customer date day days delivery did didn't different do does doesn't doing don't done down driving
        due each early easy either else email end enough error even ever every everything fee few find fine
        first fix for forget found from front full fun gave get getting give go going gone good got great
        guess had half happened happy hard has have haven't having he hear hello help her here hey hi him
        his hold home hope hours house how however i i'd i'll i'm i've if important in information insurance
        interested internet into invoice is isn't issue it it's its just keep kind know last late later
        least left less let let's letter like line listen little live log long look looking lost lot made
        main make making man many matter maybe me mean message might mine minute moment money month months
        more most move much my name name's names need needs never new next nice no nobody none nope normal
        not nothing now number o'clock of off office okay ok old on once one ones online only open option or
        order other our out outage over own paid paper part password pay paying payment people person phone
        place please possible post power press probably problem question quick quickly quite rate rather
        reach reading really reason refund regarding returning right robot said same save saw say saying
        second see seems send sent service set she should sick since sir so some somebody someone something
        soon sorry speak speaking spell spelled spelling start statement still stop store stuck such support
        sure take talk talking technical tell than thank thanks that that's the their them then there
        there's these they thing things think this those though thought through ticket time times tired to
        today told tomorrow tonight too total transfer tried trouble try trying turn two under understand
        unhappy until up upset urgent us use used using very wait waiting want wanted was wasn't way we week
        weeks well went were what when where which while who why wife will with without won't work working
        worried would wrong yeah year years yep yes yesterday yet you your zero three four five six seven
        eight nine ten uh um er hm mm oh ah frustrated angry disappointed surprised curious serious ready
        afraid glad certain aware unable able at a married single retired student disabled older younger
        outside inside abroad stuck moving leaving going wondering hoping ringing phoning checking currently
        really actually basically definitely pretty absolutely totally not dad mom mum father mother son
        daughter sister brother husband husband's wife's boss neighbor neighbour friend landlord lady guy
        doctor's and spelled misspelled written different changed blank ridiculous mistake letters correctly
        incorrectly incorrect mr hyphen capital double dash space comma period apostrophe as in morning
        afternoon evening address story joke ok alright regarding concerning monday tuesday wednesday
        thursday friday saturday sunday january february november december october september july
        """
    )
)
"""Words that are no names, whatever stands before them."""
