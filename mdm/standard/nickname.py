"""Short forms and spellings of given names, and the name they stand for.

English, Spanish, German, French, Italian and Portuguese, folded. Names are not translated: Juan is not John.
A form that stands for several names takes the commonest. A name on the left is never also a form on the right,
so that looking up twice changes nothing.
"""

_FORMS = """
abigail: abby abbie abigale
abraham: abe
alberto: beto
albert: al bert bertie
alejandro: ale jandro
alessandro: sandro
alexander: alex alec alexandre aleksander aleksandr sascha sasha xander
alfred: alf alfie fred
alfonso: alonso poncho
alison: allie allison alyson
amanda: mandy
andreas: andi
andrew: andy drew
angela: angie
anne: ann anna annie nan
anthony: tony antony
antonio: tono toni
arthur: art artie
barbara: barb barbie babs babette
beatrice: bea trixie beatrix
beatriz: bety
benjamin: ben benny benji
bernard: bernie bernd bernhard
bradley: brad
bridget: biddy brigid
brigitte: gitte birgit
calvin: cal
cameron: cam
carolyn: carol caroline carrie carolin
charles: charlie chuck chas chaz
charlotte: lottie lotte
christian: cristian
christina: christine chrissy tina kristina kristin christin christiane
christopher: chris topher kit christoph christophe kristopher kris
clifford: cliff
concepcion: concha conchita
consuelo: chelo
cynthia: cindy
daniel: dan danny dani
david: dave davy davey
deborah: deb debbie debra debby
dennis: denny denis
dolores: lola loli
dominic: dom dominik dominique
donald: don donnie donny
dorothy: dot dottie dolly dorothea dorothee
douglas: doug
edward: ed eddie ted teddy ned eduard edouard
eduardo: lalo edu
eleanor: ellie nell nora elinor
elizabeth: liz lizzie beth betty eliza elisabeth elsa lisa libby betsy bess else lisbeth liesel elisabetta
elena: lena
emily: em emmy emilie
emmanuel: manny emanuel
enrique: quique kike
eugene: gene
fernando: nando fer
federico: fede kiko
frances: fran francie
francesco: ciccio cecco
francis: frank frankie
francisca: paquita paca
francisco: paco pancho curro paquito
franz: franzl
frederick: freddie freddy frederic frederik fredrick
friedrich: fritz friedel
gabriel: gabe gabi
gabriela: gaby gabriella gabrielle
geoffrey: geoff
georg: jorg schorsch
george: georgie
gerald: gerry jerry
gerardo: lalito
gerhard: gerd gert
gertrude: gertie trude trudy gertrud
giovanni: gianni nanni vanni
giuseppe: peppe beppe pino
giulia: giuly
graciela: chela
gregory: greg gregg gregor
guadalupe: lupe lupita
guillermo: memo guille
guillaume: gui
gunther: gunter guenter guenther
harold: hal
heinrich: heinz heiner heini hinrich
helen: nellie helene
henry: hank harry
herbert: herb herbie
ignacio: nacho
isabel: isabella isabelle chabela
jacob: jake jakob
jacqueline: jackie jacky
james: jim jimmy jamie jimmie
janet: janette
jane: janey jayne
jeffrey: jeff jeffery jeffry
jennifer: jen jenny jenn jennie
jessica: jess jessie
jesus: chucho chuy
joan: joanne joanna joann jo
johannes: hans johann hannes hansi johan
john: jack johnny jon johnnie
jonathan: jonathon johnathan
jose: pepe chepe pepito
josef: sepp jupp
joseph: joe joey
josefa: pepa
josephine: josie
joshua: josh
juan: juancho juanito
judith: judy judi
julia: julie juliane
katharina: kathi katja katrin kathrin katharine
katherine: kate kathy katie kat cathy catherine kathryn kay kitty katheryn
kenneth: ken kenny
kimberly: kim kimberley
laurence: lawrence larry laurie laurent lorenz
leonard: leo len lenny leonhard
leslie: les lesley
leticia: lety
lorenzo: renzo
louis: lou louie lewis
louise: luise
luca: lucas luke lukas luc
lucy: lucie
luis: lucho luisito
ludwig: lutz
luigi: gigi gino
madeleine: maddie madeline madelyn
magdalena: magda
manuel: manolo manu
marcus: mark marc markus
margaret: maggie meg peggy marge margie margret
margarita: marga
margarete: grete gretchen margarethe gretel
marguerite: margot
maria: maruja mariuccia mitzi
mary: molly polly
martha: marta marthe
martin: marty
matthew: matt matty mathew
matthias: matthieu mathias mattias mathieu
maximilian: max maxi
melissa: mel missy
mercedes: merche
michael: mike mick mickey micky mikey mischa micheal
michelle: shelly
miguel: migue
mitchell: mitch
montserrat: montse
natalie: nat nathalie
nathaniel: nate nathan
nicholas: nick nicky nico nicolas nikolas nikolaus klaus claus niklas niclas
nicole: nikki
oliver: ollie olivier
pamela: pam
patricia: patty trish patsy tricia
patrick: pat paddy patrice
peter: pete
philip: phil pip phillip philipp philippe
rachel: rach rachael
ramon: moncho
randall: randy
rafael: rafa raphael rafi
raymond: ray
rebecca: becky becca beck rebekah rebeca
reginald: reg reggie
reinhard: reini
richard: rick dick rich ricky richie dickie
riccardo: rico
robert: bob bobby rob robbie
roberto: berto
roderick: rod roddy
roger: rodger
ronald: ron ronnie ronny
rosario: charo
rose: rosie rosi
rudolf: rudi rudy rudolph
russell: russ russel
salvatore: turi
salvador: chava
samuel: sam sammy
sarah: sally sara sadie
sebastian: seb bastian basti sebastien
sergio: checo
siegfried: siggi sigi
sophia: sophie sofia sofie
stefan: stephan steffen
stephanie: steph stephany stefanie steffi
stephen: steve steven stevie
stuart: stu stewart
susan: sue susie suzy
susanne: suzanne susanna sanne susana
terence: terry terrance terrence
theodore: theo theodor
theresa: terri tess tessa teresa therese teri tere resi
thomas: tom tommy tomas thom
timothy: tim timmy
victor: vic viktor
victoria: vicky vicki tori viktoria
vincent: vince vinny vinnie
vincenzo: enzo cenzo
vicente: chente
virginia: ginny ginger
walter: walt wally walther
wilhelm: willi
wilhelmina: wilma minnie
william: bill billy will willie liam willy
wolfgang: wolf wolfi
xavier: javier xavi javi
yolanda: yoli
zachary: zach zack zak zachery
"""


def short_forms() -> dict[str, str]:
    """Each form and the name it stands for."""
    lines = (line.partition(":") for line in _FORMS.strip().splitlines())
    return {form: name for name, _, forms in lines for form in forms.split()}
